"""`gitcoord land`: from a repository that knows nothing of gitcoord to landed work."""

from pathlib import Path

import pytest

from gitcoord.adoption.candidates import author_logins
from tests.adoption.foreign import MAIN, Foreign, changed, eight
from tests.support.cli import gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.github.person import Person
from tests.support.repos import Repo

__all__ = ["hub"]


@pytest.fixture
def foreign(hub: GitHubEmulator, tmp_path: Path) -> Foreign:
    return Foreign(hub, tmp_path)


def landed(ran: object) -> list[int]:
    return [one["pull"] for one in ran.json["landed"]]  # type: ignore[attr-defined]


def test_eight_pull_requests_land_in_two_commands_and_keep_their_owners_words(foreign: Foreign) -> None:
    eight(foreign)
    method = "squash"
    words, heads = foreign.words(), foreign.heads()
    numbers = [str(number) for number in foreign.app.pulls]
    shown = foreign.run("land", *numbers, "--method", method, "--dry-run", ok=0)
    assert "Wave 1  5 + 6 + 2 + 3 + 4 + 7 + 8\nWave 2  1\n" in shown.out
    assert "move pull request 7 of task 7 from stack/one to main" in shown.out
    assert foreign.heads() == heads
    ran = foreign.run("land", *numbers, "--method", method, "--yes", "--json")
    assert (ran.code, sorted(landed(ran))) == (1, [2, 3, 4, 5, 6, 7, 8]), ran.err
    (deferred,) = ran.json["deferred"]
    assert (deferred["task"], deferred["with"][:3]) == ("1", ["2", "3", "4"])
    assert foreign.remote.read("main", "src/main.rs") + "\n" == (
        MAIN.replace("line 5\n", "line 5 top\n")
        .replace("line 20\n", "line 20 middle\n")
        .replace("line 35\n", "line 35 end\n")
    )
    assert foreign.words() == words
    (comment,) = foreign.app.comments
    assert comment.number == 1
    assert "it conflicts with #2 and #3 and #4" in comment.body
    assert "merge `main` into this branch, resolve the conflict in the working tree and push" in comment.body
    # Nothing is pushed to anybody's branch but where a squash has taken its parent away.
    moved = {ref for ref, tip in foreign.heads().items() if heads.get(ref) != tip}
    assert moved == {"refs/heads/main", "refs/heads/stack/two"}
    assert [pull.base for pull in foreign.app.pulls.values()] == ["main"] * 8
    # Where it stands and what happened is told as of a task list.
    shown = foreign.run("status", "--json", ok=0).json
    assert {task: one["state"] for task, one in shown["tasks"].items()} == {
        "1": "deferred",
        **dict.fromkeys("2345678", "landed"),
    }
    told = foreign.run("log", "--task", "7", ok=0).out
    assert "pull request 7 moved from stack/one to main" in told or "landed" in told
    # Once more nothing happens; once its owner has settled it, the last one lands.
    again = foreign.run("land", *numbers, "--method", method, "--yes", "--json")
    assert (again.code, len(again.json["deferred"]), len(foreign.app.comments)) == (1, 1, 1)
    shown = foreign.run("land", *numbers, "--method", method, "--dry-run")
    assert "with the current main: src/main.rs. Merge main into it." in " ".join(shown.out.split())
    settled = changed(5, 20, 35, by="all and each")
    foreign.remote.commit({"src/main.rs": settled}, "settle", branch="agent/all", merge=["main"])
    foreign.run("land", *numbers, "--method", method, "--yes", ok=0)
    assert foreign.remote.read("main", "src/main.rs") + "\n" == settled
    assert foreign.app.comments[0].body.startswith("<!-- gitcoord:")
    assert "**Settled.**" in foreign.app.comments[0].body
    assert set(foreign.app.merges.values()) == {1}


def test_what_cannot_land_is_left_out_with_the_reason_and_the_rest_lands(foreign: Foreign) -> None:
    pull = foreign.pull
    closed, merged = pull("closed", {"closed.txt": ""}), pull("merged", {"merged.txt": ""})
    foreign.person.close(closed)
    foreign.person.merge(merged)
    foreign.remote.commit({"dev.txt": ""}, branch="develop")
    onto_other = pull("other", {"other.txt": ""}, onto="develop")
    unasked = pull("unasked", {"unasked.txt": ""})
    waiting = pull("waiting", {"waiting.txt": ""}, body=f"Blocked by #{unasked}, #999 and #{merged}")
    child = pull("child", {"child.txt": ""}, body=f"depends on #{waiting}")
    one = pull("one", {"1.txt": ""})
    two = pull("two", {"2.txt": ""}, body=f"Depends on #{one}")
    foreign.person.edit(one, body=f"depends on #{two}")
    good = pull("good", {"good.txt": ""})
    asked = [closed, merged, onto_other, waiting, child, one, two, good]
    ran = foreign.run("land", *map(str, asked), "--base", "main", "--yes", "--json")
    assert (ran.code, landed(ran)) == (1, [good])
    assert {one["name"]: one["reason"] for one in ran.json["excluded"]} == {
        f"pull request {closed}": "it is closed",
        f"pull request {merged}": "it is already merged",
        f"pull request {onto_other}": "its base is develop, not main: land develop first, or change the base",
        f"pull request {waiting}": f"it depends on pull request {unasked}, which is open but was not "
        "requested",
        f"pull request {child}": "it needs waiting, which does not land now",
        f"pull request {one}": f"it and pull request {two} depend on each other",
        f"pull request {two}": f"it and pull request {one} depend on each other",
    }
    assert foreign.run("land", str(merged), str(good), "--yes", ok=0).out.startswith("Done: ")


def test_pull_requests_are_found_by_label_and_author_and_those_of_forks_land(foreign: Foreign) -> None:
    own, other = foreign.pull("own", {"own.txt": "own\n"}), foreign.pull("other", {"other.txt": ""})
    stranger = Person(foreign.app, "Stranger")
    tip = foreign.remote.commit({"fork.txt": "fork\n"}, branch="main-of-fork")
    foreign.remote.git("update-ref", "-d", "refs/heads/main-of-fork")
    fork = stranger.open_from_fork("main", "main", tip)
    for number in (own, fork):
        foreign.app.pulls[number].labels.append("Ready")
    shown = foreign.run("land", "--label", "ready", "--author", "stranger", "--dry-run", ok=0)
    assert "Stranger:main" in shown.out
    ran = foreign.run("land", "--label", "ready", "--yes", "--json", ok=0)
    assert landed(ran) == [own, fork]
    assert foreign.remote.read("main", "fork.txt") == "fork"
    assert foreign.app.pulls[other].state == "open"


def test_an_author_is_a_login_or_an_app(foreign: Foreign) -> None:
    assert author_logins("Copilot") == author_logins("@copilot") == {"copilot", "copilot[bot]"}
    assert author_logins("app/copilot") == author_logins("Copilot[bot]") == {"copilot[bot]"}
    foreign.app.pulls[foreign.pull("one", {"1.txt": ""})].author = "copilot[bot]"
    foreign.app.pulls[foreign.pull("two", {"2.txt": ""})].author = "copilot-cli"
    shown = foreign.run("check-conflicts", "--author", "copilot", "--json").json
    assert [one["task"] for one in shown["branches"]] == ["1"]
    assert "--author '@me' is no login." in foreign.run("land", "--author", "@me", ok=2).err


def test_a_fork_that_has_to_be_brought_up_to_date_is_left_to_its_owner(foreign: Foreign) -> None:
    tip = foreign.remote.commit({"fork.txt": "fork\n"}, branch="scratch")
    foreign.remote.git("update-ref", "-d", "refs/heads/scratch")
    fork = Person(foreign.app, "stranger").open_from_fork("fix", "main", tip)
    foreign.remote.commit({"more.txt": ""}, branch="main")
    foreign.app.protect("main", Protection.requiring("ci", strict=True))
    foreign.app.set_status(tip, "ci", "success")
    ran = foreign.run("land", str(fork), "--yes", "--json")
    (waiting,) = ran.json["waiting"]
    assert (
        "gitcoord does not push to forks: the owner of stranger:fix must merge main into it"
        in waiting["reason"]
    )
    (comment,) = foreign.app.comments
    assert "the owner of this branch must merge main into it" in comment.body


@pytest.mark.parametrize("kind", ["reset", "partial-merge"])
def test_a_lost_answer_is_one_merge_and_people_may_push_rewrite_and_close_meanwhile(
    foreign: Foreign, kind: str
) -> None:
    one, two = foreign.pull("one", {"1.txt": "1\n"}), foreign.pull("two", {"2.txt": "2\n"})
    three, four = foreign.pull("three", {"3.txt": "3\n"}), foreign.pull("four", {"4.txt": "4\n"})
    rewritten = foreign.remote.commit({"2.txt": "2 anew\n"}, branch="scratch", at="main")

    def people() -> None:
        foreign.remote.git("update-ref", "refs/heads/two", rewritten)
        foreign.remote.commit({"3.txt": "3 and more\n"}, branch="three")
        foreign.person.close(four)

    fault = foreign.hub.fault(rf"PUT .*/{one}/merge$", kind, when="after")
    foreign.hub.when(rf"PUT .*/{one}/merge$", people)
    ran = foreign.run("land", *map(str, (one, two, three, four)), "--yes", "--json")
    assert (fault.fired, ran.code, landed(ran)) == (1, 1, [one, three]), ran.err
    assert foreign.app.merges[one] == 1
    reasons = {waiting["task"]: waiting["reason"] for waiting in ran.json["waiting"]}
    assert "two was rewritten while it was landing; run the same command again" in reasons[str(two)]
    assert f"pull request {four} was closed without a merge" in reasons[str(four)]
    assert foreign.remote.read("main", "3.txt") == "3 and more"
    # What was rewritten is as wanted for whoever has seen it.
    assert landed(foreign.run("land", str(two), "--yes", "--json", ok=0)) == [two]
    assert foreign.remote.read("main", "2.txt") == "2 anew"


def test_branches_and_worktrees_of_a_clone_land_without_github_beside_a_task_plan(tmp_path: Path) -> None:
    remote, desk = Repo.pair(tmp_path)
    for name in ("agent/one", "agent/two", "other"):
        remote.commit({f"{name.replace('/', '-')}.txt": name}, f"Do {name}", branch=name)
    desk.git("fetch", "--quiet")
    for name in ("local", "behind", "apart"):
        desk.git("worktree", "add", "--quiet", "-b", f"tree/{name}", str(tmp_path / name), "main")
        desk.commit({f"{name}.txt": name}, f"Do {name}", branch=f"tree/{name}")
    desk.git("push", "--quiet", "origin", "tree/behind", "tree/apart")
    desk.commit({"behind.txt": "behind and more"}, branch="tree/behind")
    remote.commit({"apart.txt": "there"}, branch="tree/apart")
    desk.commit({"apart.txt": "here"}, branch="tree/apart")
    there = remote.refs()
    shown = gitcoord("land", "--branches", "agent/*", "--worktrees", "--dry-run", cwd=desk.path, ok=0)
    assert "Pushed first: tree/local at" in shown.out
    assert "Left out: tree/apart: it is at" in shown.out
    assert "open a pull request for tree/local onto main" in shown.out
    assert "merge tree/behind (task tree-behind) into main" in shown.out
    assert remote.refs() == there
    asked = gitcoord("land", "--branches", "agent/*", "--worktrees", cwd=desk.path)
    assert (asked.code, "not-approved" in asked.err or "confirmation" in asked.err) == (2, True)
    ran = gitcoord("land", "--branches", "agent/*", "--worktrees", "--yes", "--json", cwd=desk.path)
    assert [one["task"] for one in ran.json["landed"]] == [
        "agent-one",
        "agent-two",
        "tree-behind",
        "tree-local",
    ]
    assert ran.code == 1  # one was left out
    assert remote.read("main", "behind.txt") == "behind and more"
    assert {ref for ref in there if ref.startswith("refs/heads/")} <= remote.refs().keys()
    state = {ref for ref in remote.refs() if ref.startswith("refs/gitcoord/")} - there.keys()
    kept = {ref.removeprefix("refs/gitcoord/").partition("/")[0] for ref in state}
    assert kept == {"adopted", "pulls", "open"}
    again = gitcoord("land", "--branches", "agent/*", cwd=desk.path, ok=0)
    assert "There is nothing left to land." in again.err
    one_for_all = ("land", "--branches", "other", "--strategy", "single-pr", "--yes", "--json")
    assert gitcoord(*one_for_all, cwd=desk.path, ok=0).json["strategy"] == "single-pr"
    assert remote.read("main", "other.txt") == "other"
    # A task plan comes first; what was adopted beside it is asked for.
    (desk.path / "TASKS.md").write_text("- [ ] 1. Own\n")
    gitcoord("plan", "--tasks", "TASKS.md", "--base", "main", cwd=desk.path, ok=0)
    own, adopted = (
        gitcoord("status", *words, "--json", cwd=desk.path, ok=0).json for words in ((), ("--adopted",))
    )
    assert (list(own["tasks"]), "other" in adopted["tasks"]) == (["1"], True)
    assert "other landed" in gitcoord("log", "--adopted", "--base", "main", cwd=desk.path, ok=0).out
    for words, named in (
        (("--adopted", "--base", "dev"), "No pull requests or branches were adopted onto dev."),
        (("--base", "main"), "--base needs --adopted."),
    ):
        assert named in gitcoord("status", *words, cwd=desk.path, ok=2).err


def test_wrong_words_are_named_with_a_way_out(foreign: Foreign) -> None:
    foreign.pull("one", {"1.txt": ""})
    for arguments, code, named in (
        ((), 2, "There is nothing to land."),
        (("one",), 2, "'one' is not the number of a pull request."),
        (("7",), 3, "There is no pull request 7"),
        (("1", "--base", "trunk"), 2, "The base branch 'trunk' does not exist."),
        (("--branches", "agent/*", "--yes"), 0, "There is nothing left to land."),
    ):
        ran = foreign.run("land", *arguments)
        assert (ran.code, named in ran.err) == (code, True), (arguments, ran)


def test_check_conflicts_answers_for_heads_without_landing(foreign: Foreign, tmp_path: Path) -> None:
    eight(foreign)
    before = foreign.heads()
    ran = foreign.run("check-conflicts", "--pulls", "1,2,3,5", "--json")
    assert (ran.code, ran.json["waves"], ran.json["one_wave"]) == (1, [["2", "3", "5"], ["1"]], False)
    assert "Landing order  2, 3, 4" in foreign.run("check-conflicts", "--branches", "agent/[tme]*", ok=0).out
    red = foreign.run("check-conflicts", "--pulls", "5,6", "--check", "test ! -e one.txt", "--json")
    assert (red.code, [one["task"] for one in red.json["check"]["failing"]]) == (1, ["6"])
    assert foreign.run("check-conflicts", "--pulls", "5", "level-0").code == 2
    foreign.desk.git("fetch", "--quiet")
    foreign.desk.git("worktree", "add", "--quiet", "-b", "mine", str(tmp_path / "mine"), "origin/main")
    foreign.desk.git("worktree", "add", "--quiet", str(tmp_path / "top"), "agent/top")
    foreign.desk.commit({"mine.txt": "mine\n"}, branch="mine")
    (tmp_path / "mine" / "src" / "main.rs").write_text(changed(5, by="mine"))
    trees = foreign.run("check-conflicts", "--worktrees", "--json")
    assert (trees.code, trees.json["pairs"][0]["conflicted_paths"]) == (1, ["src/main.rs"])
    assert foreign.heads() == before
    assert not any(ref.startswith("refs/gitcoord/") for ref in foreign.remote.refs())
