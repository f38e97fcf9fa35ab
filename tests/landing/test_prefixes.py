"""Landing the longest combination that is known to pass: in one move of the base where the forge can."""

import json
import time
from pathlib import Path

import pytest

from tests.landing.semantic import CHECK, failing_commits
from tests.support.cli import start_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]

_CALLS = {
    "check.sh": "for name in $(cat calls/*); do grep -qx $name functions/* || exit 1; done\n",
    "functions/a": "open\n",
    "calls/main": "open\n",
}


def test_multi_pr_moves_the_base_once_over_a_prefix_that_passes(tmp_path: Path) -> None:
    ids = [str(number) for number in range(1, 13)]
    project, counted = Project.create(tmp_path, independent(*ids), files=_CALLS), tmp_path / "trees"
    first = project.remote.tip("main")
    for id in ids:
        project.work(id, {f"functions/{id}": f"f{id}\n"})
    text = f"git rev-parse HEAD^{{tree}} >> {counted}; {CHECK}"
    options = ("merge-level", "0", "--check", text, "--shell", "--slots", "1", "--json")
    ran = project.run(*options, ok=0)
    assert [one["task"] for one in ran.json["landed"]] == ids
    (tip,) = project.remote.git("rev-list", "--first-parent", f"{first}..main").split()
    assert {one["commit"] for one in ran.json["landed"]} == {tip}
    assert counted.read_text().split() == [project.remote.git("rev-parse", "main^{tree}")]
    message = project.remote.git("log", "-1", "--format=%B", "main")
    assert all(f"\nGitcoord-Landed: {id} " in message for id in ids), message
    assert len({one["pull"] for one in ran.json["landed"]}) == len(ids)
    project.run("rollback", "0", ok=0)
    assert project.remote.files("main") == project.remote.files(first)


def test_a_later_task_may_mend_what_an_earlier_one_breaks_and_no_commit_of_the_base_is_red(
    tmp_path: Path,
) -> None:
    project = Project.create(tmp_path, independent("1", "2"), files=_CALLS)
    first = project.remote.tip("main")
    project.work("1", {"calls/one": "added\n"})
    project.work("2", {"functions/two": "added\n"})
    project.run("merge-level", "0", "--check", CHECK, "--slots", "1", ok=0)
    assert failing_commits(project, first) == []


def test_what_passes_lands_while_what_comes_after_is_still_checked(tmp_path: Path) -> None:
    ids = ("1", "2", "3", "4")
    project, waited = Project.create(tmp_path, independent(*ids), files=_CALLS), tmp_path / "waited"
    for id in ids:
        project.work(id, {f"functions/{id}": f"f{id}\n"})
    # The check of all four ends only once the base has moved.
    moved = f"test $(git -C {project.remote.path} rev-list --count main) -gt 1"
    text = f"if test -e functions/4; then until {moved}; do sleep 0.05; done; echo x >> {waited}; fi"
    options = ("merge-level", "0", "--check", text, "--shell", "--slots", "2", "--check-timeout", "20s")
    ran = project.run(*options, "--json", ok=0)
    commits = [one["commit"] for one in ran.json["landed"]]
    assert commits[0] == commits[1] != commits[2] == commits[3]
    assert waited.read_text() == "x\n"  # it went on while the first two landed


def test_a_check_that_ends_after_its_prefix_has_landed_is_named_by_its_own_tasks(tmp_path: Path) -> None:
    ids = ("1", "2", "3", "4")
    project = Project.create(tmp_path, independent(*ids), files=_CALLS)
    for id in ids:
        project.work(id, {f"functions/{id}": f"f{id}\n"})
    # The checks of shorter prefixes end only once the base has moved.
    moved = f"test $(git -C {project.remote.path} rev-list --count main) -gt 1"
    text = f"if ! test -e functions/3; then until {moved}; do sleep 0.05; done; fi"
    options = ("merge-level", "0", "--check", text, "--shell", "--slots", "2", "--window", "3")
    told = project.run(*options, "--check-timeout", "20s", ok=0).err
    assert "the check of main with tasks 1, 2, 3 passes" in told
    assert "the check of main passes" not in told  # nobody checked it by itself


def test_one_that_conflicts_or_fails_in_the_middle_keeps_nobody_else_out(tmp_path: Path) -> None:
    ids = ("1", "2", "3", "4", "5")
    project = Project.create(tmp_path, independent(*ids), files=_CALLS)
    first = project.remote.tip("main")
    for id in ids:
        project.work(id, {f"functions/{id}": f"f{id}\n"})
    project.work("2", {"functions/1": "another\n"})
    project.work("4", {"calls/four": "missing\n"})
    ran = project.run("merge-level", "0", "--check", CHECK, "--slots", "2", "--json")
    assert [one["task"] for one in ran.json["landed"]] == ["1", "3", "5"], ran.err
    assert {one["task"] for one in ran.json["deferred"]} == {"2", "4"}
    assert failing_commits(project, first) == []


@pytest.mark.parametrize("prove", ["each", "last"])
def test_through_github_each_tree_passes_or_with_prove_last_what_the_row_ends_in(
    prove: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    app = hub.make_repository("acme/app")
    url, env, counted = app.authenticated_url, hub.environment(), tmp_path / "trees"
    project = Project.create(
        tmp_path, independent("1", "2", "3"), files=_CALLS, remote=Repo(app.git_dir), url=url, env=env
    )
    project.work("1", {"calls/one": "added\n"})
    project.work("2", {"functions/two": "added\n"})
    project.work("3", {"functions/three": "three\n"})
    text = f"git rev-parse HEAD^{{tree}} >> {counted}; {CHECK}"
    options = ("--check", text, "--shell", "--slots", "1", "--flaky", "0", "--prove", prove)
    ran = project.run("merge-level", "0", *options)
    said = "Only the last tree of each row of pull requests was checked" in ran.err
    if prove == "each":
        assert (ran.code, said) == (1, False)
        assert "task 1 fails the check" in ran.err
    else:
        assert (ran.code, said) == (0, True)
        assert counted.read_text().split() == [project.remote.git("rev-parse", "main^{tree}")]
    refused = project.run("merge-level", "0", "--prove", "last", ok=2)
    assert "--prove needs a check" in refused.err


def test_a_branch_that_moves_while_its_row_is_checked_is_checked_again_as_it_is_then(tmp_path: Path) -> None:
    ids = ("1", "2", "3")
    project, begun = Project.create(tmp_path, independent(*ids), files=_CALLS), tmp_path / "begun"
    first = project.remote.tip("main")
    for id in ids:
        project.work(id, {f"functions/{id}": f"f{id}\n"})
    go = tmp_path / "go"
    text = f"touch {begun}; until test -e {go}; do sleep 0.05; done; {CHECK}"
    run = start_gitcoord(
        *("merge-level", "0", "--check", text, "--shell", "--slots", "1", "--flaky", "0", "--json"),
        cwd=project.desk.path,
    )
    while not begun.exists():
        time.sleep(0.01)
    branch = "feature/level-0-task-2"
    project.remote.commit({"calls/two": "missing\n"}, "more", branch=branch, at=branch)
    go.touch()
    out, err = run.communicate()
    ended = json.loads(out)
    assert [one["task"] for one in ended["landed"]] == ["1", "3"], err
    assert failing_commits(project, first) == []
