"""What people decide about adopted heads holds for the commits of theirs that other heads contain, too."""

from pathlib import Path

import pytest

from tests.adoption.foreign import Foreign
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection

__all__ = ["hub"]


@pytest.fixture
def foreign(hub: GitHubEmulator, tmp_path: Path) -> Foreign:
    return Foreign(hub, tmp_path)


def reasons(ran: object) -> dict[str, str]:
    return {one["name"]: one["reason"] for one in ran.json["excluded"]}  # type: ignore[attr-defined]


def test_no_head_brings_along_what_was_closed_or_merged_elsewhere(foreign: Foreign) -> None:
    closed = foreign.pull("closed", {"closed.txt": ""})
    above = foreign.pull("above", {"above.txt": ""}, at="closed")
    after = foreign.pull("after", {"after.txt": ""}, body=f"Depends on #{closed}")
    foreign.remote.commit({"release.txt": ""}, branch="release")
    released = foreign.pull("released", {"released.txt": ""}, onto="release")
    good = foreign.pull("good", {"good.txt": ""})
    inside = foreign.pull("inside", {"inside.txt": ""}, at="good", onto="good")
    foreign.person.close(closed)
    foreign.person.merge(released)
    foreign.person.merge(inside)
    asked = map(str, (closed, above, after, released, good, inside))
    ran = foreign.run("land", *asked, "--base", "main", "--yes", "--json")
    assert (ran.code, [one["pull"] for one in ran.json["landed"]]) == (1, [good])
    assert reasons(ran) == {
        f"pull request {closed}": "it is closed",
        f"pull request {above}": f"it contains the commits of pull request {closed}, which is closed",
        f"pull request {after}": f"it depends on pull request {closed}, which is closed",
        f"pull request {released}": "it was merged into release, not main; to land it there too, open a pull "
        "request from released onto main",
        f"pull request {inside}": "it is already merged into good, and lands with good",
    }
    assert {"good.txt", "inside.txt"} <= set(foreign.remote.files("main"))
    assert not {"closed.txt", "after.txt", "released.txt"} & set(foreign.remote.files("main"))
    # Whoever names the one above alone wants it as it is.
    assert foreign.run("land", str(above), "--yes", "--json").json["landed"][0]["pull"] == above


def test_what_the_host_closed_after_its_work_had_landed_is_done(foreign: Foreign) -> None:
    """A merge that broke off leaves the pull request open, until its branch is deleted."""
    one, two = foreign.pull("one", {"1.txt": ""}), foreign.pull("two", {"2.txt": ""}, body="Depends on #1")
    foreign.hub.fault(rf"PUT .*/{one}/merge$", "partial-merge", when="after")
    foreign.app.protect("main", Protection.requiring("ci"))
    foreign.app.set_status(foreign.app.pulls[one].head_sha, "ci", "success")
    words = ("land", str(one), str(two), "--method", "squash", "--delete-branches", "--yes", "--json")
    assert [waiting["task"] for waiting in foreign.run(*words).json["waiting"]] == [str(two)]
    assert foreign.app.pulls[one].state == "closed"
    foreign.remote.commit({"1.txt": "changed since"}, branch="main")
    foreign.app.set_status(foreign.app.pulls[two].head_sha, "ci", "success")
    ran = foreign.run(*words, ok=0)
    assert [one["pull"] for one in ran.json["landed"]] == [two]
    assert reasons(ran) == {f"pull request {one}": "it is closed, and its work has landed"}


def test_a_pull_request_that_a_person_merges_right_after_it_was_adopted_has_landed(foreign: Foreign) -> None:
    one, two = foreign.pull("one", {"1.txt": ""}), foreign.pull("two", {"2.txt": ""})

    def merge() -> None:
        foreign.person.merge(two, method="squash", delete_head=True)

    foreign.hub.when(r"POST .*/git-receive-pack$", merge)
    ran = foreign.run("land", str(one), str(two), "--yes", "--json", ok=0)
    assert [landed["pull"] for landed in ran.json["landed"]] == [one, two]
    # Its record names no branch, and it is nothing new to land.
    again = foreign.run("land", str(one), str(two), "--yes", "--json", ok=0)
    assert set(reasons(again).values()) == {"it is already merged"}


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_head_lands_whose_base_is_a_branch_that_people_have_merged(foreign: Foreign, method: str) -> None:
    below = foreign.pull("below", {"below.txt": ""})
    above = foreign.pull("above", {"above.txt": ""}, at="below", onto="below")
    foreign.app.pulls[above].labels.append("agents")
    foreign.person.merge(below, method=method)
    words = ("land", "--label", "agents", "--base", "main", "--yes", "--json")
    moved = foreign.remote.tip("below")
    foreign.remote.commit({"more.txt": ""}, branch="below")
    first = "its base is below, not main: land below first, or change the base"
    assert reasons(foreign.run(*words, ok=1)) == {f"pull request {above}": first}
    foreign.remote.git("update-ref", "refs/heads/below", moved)
    assert [one["pull"] for one in foreign.run(*words, ok=0).json["landed"]] == [above]
    assert {"below.txt", "above.txt"} <= set(foreign.remote.files("main"))


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_head_that_has_landed_is_not_adopted_again_when_the_base_changes_its_lines(
    foreign: Foreign, method: str
) -> None:
    foreign.remote.commit({"src/main.rs": "mine\n"}, branch="work")
    words = ("land", "--branches", "work", "--base", "main", "--method", method, "--yes", "--json")
    (landed,) = foreign.run(*words, ok=0).json["landed"]
    foreign.remote.commit({"src/main.rs": "theirs\n"}, branch="main")
    inside = "main already has all of its changes"
    landed_as = f"it has landed as {landed['commit'][:12]}"
    assert reasons(foreign.run(*words, ok=0)) == {"work": inside if method == "merge" else landed_as}


def test_a_head_waits_for_the_one_below_although_that_got_new_commits(foreign: Foreign) -> None:
    below = foreign.pull("below", {"below.txt": ""})
    above = foreign.pull("above", {"above.txt": ""}, at="below")
    foreign.app.protect("main", Protection.requiring("ci"))
    foreign.remote.commit({}, branch="release")
    words = ("land", "--branches", "below", "--branches", "above", "--base", "main", "--yes", "--json")
    foreign.run(*words, ok=1)
    foreign.remote.commit({"more.txt": ""}, branch="below")
    foreign.run(*words, ok=1)
    foreign.person.retarget(below, "release")
    foreign.app.set_status(foreign.app.pulls[above].head_sha, "ci", "success")
    assert foreign.run(*words, ok=1).json["landed"] == []
    assert foreign.remote.files("main") == ["src/main.rs"]


def test_a_head_that_was_closed_while_it_landed_does_not_come_with_the_one_above(foreign: Foreign) -> None:
    below = foreign.pull("below", {"below.txt": ""})
    above = foreign.pull("above", {"above.txt": ""}, at="below")
    for number in (below, above):
        foreign.app.pulls[number].labels.append("agents")
    foreign.hub.when(rf"PUT .*/{below}/merge$", lambda: foreign.person.close(below))
    words = ("land", "--label", "agents", "--base", "main", "--yes", "--json")
    assert foreign.run(*words).json["landed"] == []
    assert reasons(foreign.run(*words)) == {
        f"pull request {above}": "it contains the commits of below, which is no longer requested"
    }
    assert foreign.remote.files("main") == ["src/main.rs"]


def test_one_pull_request_for_all_leaves_out_what_its_owner_closes_meanwhile(foreign: Foreign) -> None:
    kept = foreign.pull("kept", {"kept.txt": ""})
    closed = foreign.pull("closed", {"closed.txt": ""}, at="kept", onto="kept")
    foreign.hub.when(r"POST .*/pulls$", lambda: foreign.person.close(closed))
    words = ("land", str(kept), str(closed), "--strategy", "single-pr", "--yes", "--json")
    ran = foreign.run(*words)
    print(ran)
    assert [one["task"] for one in ran.json["landed"]] == [str(kept)]
    assert f"pull request {closed} was closed" in ran.json["waiting"][0]["reason"]
    assert "closed.txt" not in foreign.remote.files("main")
