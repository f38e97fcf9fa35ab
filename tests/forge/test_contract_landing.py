"""Every kind of answer to a merge in one landing: what lands all the same, what waits, what stops the run."""

from pathlib import Path

import pytest

from tests.support.github import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.limits import SECONDARY
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]
MODIFIED = "{} branch was modified. Review and try the merge again."
RULESET = "Repository rule violations found\n\nCats must be petted.\n\n"
PASSING = {
    "1": (405, MODIFIED.format("Base")),
    "2": (409, MODIFIED.format("Head")),
    "3": (405, "Pull Request is not mergeable"),
    "4": (403, SECONDARY),
}
"""Refused once, sent again, and landed."""
LOST = {"5": "before", "6": "after"}
"""The answer was lost: sent again only where nothing had happened."""
REFUSED = {
    "7": (405, 'Required status check "ci" is expected.'),
    "8": (405, "This branch can't be rebased"),
    "9": (405, "Dogs must be walked."),
    "10": (405, RULESET),
    "11": (422, "Validation Failed"),
}
"""Held with GitHub's own words, asked once, while the others land."""
IDS = [*PASSING, *LOST, *REFUSED]


def merges_of(id: str) -> str:
    return rf"^PUT .*/pulls/{id}/merge$"


@pytest.fixture
def project(hub: GitHubEmulator, tmp_path: Path) -> Project:
    app = hub.make_repository("acme/app")
    made = Project.create(
        tmp_path,
        independent(*IDS),
        remote=Repo(app.git_dir),
        url=app.authenticated_url,
        env=hub.environment(),
    )
    branches = [(f"feature/level-0-task-{id}", "main", {f"{id}.txt": f"{id}\n"}) for id in IDS]
    made.remote.commit_many(branches)
    return made


def test_what_may_land_does_and_what_may_not_is_said_in_githubs_own_words(
    hub: GitHubEmulator, project: Project
) -> None:
    for id, (status, message) in {**PASSING, **REFUSED}.items():
        body, times = {"message": message, "status": str(status)}, 1 if id in PASSING else 99
        hub.fault(merges_of(id), "status", status=status, body=body, times=times)
    for id, when in LOST.items():
        hub.fault(merges_of(id), "reset", when=when)
    ran = project.run("merge-level", "--json")
    assert ran.code == 1, ran.err
    assert [one["task"] for one in ran.json["landed"]] == [*PASSING, *LOST]
    sent = {id: len(hub.requests(merges_of(id))) for id in IDS}
    assert sent == {**dict.fromkeys(PASSING, 2), "5": 2, "6": 1, **dict.fromkeys(REFUSED, 1)}
    reasons = {one["task"]: " ".join(one["reason"].split()) for one in ran.json["waiting"]}
    assert reasons == {id: " ".join(message.split()) for id, (_, message) in REFUSED.items()}

    hub.faults.clear()
    message = "You're not authorized to push to this branch."
    hub.fault(merges_of("8"), "status", status=405, body={"message": message, "status": "405"})
    ran = project.run("merge-level", "--json")
    assert ran.code == 1
    assert f"stopping: {message}" in ran.err
    sent = {id: len(hub.requests(merges_of(id))) for id in REFUSED}
    assert sent == {"7": 2, "8": 2, "9": 1, "10": 1, "11": 1}
