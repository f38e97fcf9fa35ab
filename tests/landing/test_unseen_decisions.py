"""What people decide between gitcoord's look and the pull request that it opens: that one is closed again."""

from pathlib import Path

import pytest

from tests.landing.scenes import STRATEGIES
from tests.landing.test_people import BRANCH, CLOSED, project_with_release
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.hands import Hand
from tests.support.github.model import Protection
from tests.support.github.person import Person

__all__ = ["hub"]


@pytest.mark.parametrize("decision", ["close", "retarget"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_opened_while_a_person_decides_against_its_work_is_closed_again(
    strategy: str, decision: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1", strategy=strategy)
    app = hub.repository("acme/app")
    lisa = Person(app, "lisa")

    def decide() -> None:
        number = lisa.open(BRANCH[strategy], "main")
        lisa.close(number) if decision == "close" else lisa.retarget(number, "release")

    hub.hands.add(Hand("^POST .*/pulls$", decide))
    ran = project.run("merge-level", "--json")
    twin = CLOSED.replace("request 1", "request 2")
    assert [(one["task"], one["reason"]) for one in ran.json["waiting"]] == [("1", twin)]
    assert [pull.merged for pull in app.pulls.values()] == [False, False]
    (comment,) = app.comments
    assert (app.pulls[2].state, comment.number) == ("closed", 2)
    assert "#1 had the same commits" in comment.body
    assert project.run("merge-level", "--json").json["waiting"][0]["reason"] == twin
    assert len(app.pulls) == 2
    # Opened again it stays open: that is a person's wish.
    api.call("PATCH", "/pulls/2", {"state": "open"})
    assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == 2


def test_a_pull_request_of_a_persons_own_is_wanted_though_another_one_was_closed(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    """Its text has gitcoord's block from the first look on, and it may be closed and opened again."""
    project, api = project_with_release(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    api.call("PATCH", f"/pulls/{api.open_pull(BRANCH['multi-pr'])}", {"state": "closed"})
    api.open_pull(BRANCH["multi-pr"])
    project.run("merge-level")
    assert "<!-- gitcoord" in (app.pulls[2].body or "")
    for state in ("closed", "open"):
        api.call("PATCH", "/pulls/2", {"state": state})
        project.run("merge-level")
        assert app.pulls[2].state == state
    app.unprotect("main")
    assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == 2


def test_a_rollback_that_is_opened_while_a_person_decides_against_it_is_closed_again(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, _ = project_with_release(tmp_path, hub, "1")
    project.run("merge-level", ok=0)
    app = hub.repository("acme/app")
    lisa = Person(app, "lisa")

    def decide() -> None:
        branch = next(ref for ref in project.remote.refs() if "rollback" in ref)
        lisa.close(lisa.open(branch.removeprefix("refs/heads/"), "main"))

    hub.hands.add(Hand("^POST .*/pulls$", decide))
    for _ in range(2):
        ran = project.run("rollback", "level-0", "--json")
        assert "pull request 3 was closed without a merge" in ran.json["reason"]
    assert [pull.merged for pull in app.pulls.values()] == [True, False, False]
    lisa.reopen(3)
    assert project.run("rollback", "level-0", "--json").code == 0
