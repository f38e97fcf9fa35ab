"""A person closes a rollback's pull request or moves it to another base: that is final until it is undone."""

from pathlib import Path

import pytest

from tests.landing.scenes import independent_on_github
from tests.landing.test_people import project_with_release
from tests.support.cli import Ran
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.person import Person

__all__ = ["hub"]


def test_a_rollback_that_a_person_moved_or_closed_is_held(hub: GitHubEmulator, tmp_path: Path) -> None:
    project, api = project_with_release(tmp_path, hub, "1")
    project.run("merge-level", ok=0)

    def rolled_back() -> Ran:
        return project.run("rollback", "level-0", "--json")

    project.run("rollback", "level-0", "--no-merge")
    for change, reason in (
        ({"base": "release"}, "has the base release, not main"),
        ({"base": "main"}, ""),
        ({"state": "closed"}, "was closed without a merge"),
    ):
        api.call("PATCH", "/pulls/2", change)
        if reason:
            assert reason in rolled_back().json["reason"]
    assert list(hub.repository("acme/app").pulls) == [1, 2]
    for change in ({"state": "open"}, {"base": "release"}):
        api.call("PATCH", "/pulls/2", change)
    api.ready(2)
    assert api.merge(2)[0] == 200
    assert "was merged into release, not main" in rolled_back().json["reason"]
    assert list(hub.repository("acme/app").pulls) == [1, 2]
    api.open_pull(hub.repository("acme/app").pulls[2].head)
    assert rolled_back().code == 0


@pytest.mark.parametrize("since", ["the base moved", "the branch was deleted"])
def test_a_rollback_that_a_person_closed_is_held_until_it_is_reopened(
    since: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    project.run("merge-level", ok=0)
    landed = project.remote.tip("main")
    project.remote.commit({"more.txt": "more\n"}, "go on")
    project.run("rollback", "level-0", "--no-merge", ok=0)
    app = hub.repository("acme/app")
    lisa, branch = Person(app), f"refs/heads/{app.pulls[2].head}"
    proposed = project.remote.tip(branch)
    lisa.close(2)
    if since == "the base moved":  # the proposed commit would bring the other one back
        project.remote.git("update-ref", "refs/heads/main", landed)
    else:
        project.remote.git("update-ref", "-d", branch)
    for _ in range(2):
        ran = project.run("rollback", "level-0", "--json", ok=1)
        assert "pull request 2 was closed without a merge" in ran.json["reason"]
    assert list(app.pulls) == [1, 2]
    assert project.remote.refs().get(branch) == (proposed if since == "the base moved" else None)
    project.remote.git("update-ref", branch, proposed)
    lisa.reopen(2)
    done = project.run("rollback", "level-0", "--json", ok=0).json
    assert (done["state"], done["pull"]) == ("done", 2)
    assert project.remote.find("main:more.txt") is None or since != "the base moved"
