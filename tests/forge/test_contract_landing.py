"""Every kind of answer to a merge in one landing: what lands all the same, what waits, what stops the run."""

from pathlib import Path

import pytest

from tests.support.github import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]
MODIFIED = "{} branch was modified. Review and try the merge again."
RULESET = "Repository rule violations found\n\nCats must be petted.\n\n"
PASSING = {
    "1": (405, MODIFIED.format("Base")),
    "2": (405, "Pull Request is not mergeable"),
}
"""Refused once, sent again, and landed."""
REFUSED = {
    "3": (405, 'Required status check "ci" is expected.'),
    "4": (405, "This branch can't be rebased"),
    "5": (405, RULESET),
}
"""Held with GitHub's own words, asked once, while the others land."""
IDS = [*PASSING, *REFUSED]


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
    ran = project.run("merge-level", "--json")
    assert ran.code == 1, ran.err
    assert [one["task"] for one in ran.json["landed"]] == [*PASSING]
    sent = {id: len(hub.requests(merges_of(id))) for id in IDS}
    assert sent == {**dict.fromkeys(PASSING, 2), **dict.fromkeys(REFUSED, 1)}
    reasons = {one["task"]: " ".join(one["reason"].split()) for one in ran.json["waiting"]}
    for id, (_, message) in REFUSED.items():
        title, *lines = [line for line in message.splitlines() if line]
        assert reasons[id].startswith(": ".join([title, *lines]))

    hub.faults.clear()
    message = "You're not authorized to push to this branch."
    hub.fault(merges_of("4"), "status", status=405, body={"message": message, "status": "405"})
    ran = project.run("merge-level", "--json")
    assert ran.code == 1
    assert f"stopping: {message.rstrip('.')}; " in ran.err
    sent = {id: len(hub.requests(merges_of(id))) for id in REFUSED}
    assert sent == {"3": 2, "4": 2, "5": 1}
