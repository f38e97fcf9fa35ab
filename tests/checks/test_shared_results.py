"""Results of checks that machines share through a ref of the remote."""

from pathlib import Path

import pytest

from gitcoord.checks.model import CheckCommand, CheckResult
from gitcoord.checks.shared_results import MOST_SHARED, SharedResults
from gitcoord.cli.context import open_context
from tests.landing.semantic import CHECK, renamed_function
from tests.support.project import Project, independent

COMMAND = CheckCommand(text="true")
REF = "refs/gitcoord/checks"


class Machine:
    """A clone with the shared results of one command; `warned` is what it was told."""

    def __init__(self, project: Project, name: str, command: CheckCommand = COMMAND) -> None:
        self.warned: list[str] = []
        self._context = open_context(project.worker(name).repo.path)
        self._context.store.refresh()
        self.results = SharedResults(self._context.shared, command, warn=self.warned.append)

    def refresh(self) -> None:
        self._context.store.refresh()

    def passed(self, *trees: str) -> None:
        for tree in trees:
            self.results.add(CheckResult(tree=tree, outcome="passed"))
        self.results.push(at_end=True)


def tree(number: int) -> str:
    return f"{number:040x}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path, independent("1"))


def test_what_passed_on_one_machine_is_known_on_the_other_by_tree_and_command(project: Project) -> None:
    one = Machine(project, "one")
    one.passed(tree(1))
    other = Machine(project, "other")
    assert other.results.read(tree(1)) == CheckResult(tree=tree(1), outcome="passed")
    assert other.results.read(tree(2)) is None
    for differs in (CheckCommand(text="false"), CheckCommand(text="true", environment="other tools")):
        assert Machine(project, "third", differs).results.read(tree(1)) is None
    assert one.warned == other.warned == []


def test_only_what_passed_at_its_first_run_is_shared(project: Project) -> None:
    one = Machine(project, "one")
    one.results.add(CheckResult(tree=tree(1), outcome="failed"))
    one.results.add(CheckResult(tree=tree(2), outcome="unclear"))
    one.results.add(CheckResult(tree=tree(3), outcome="passed", runs=2))
    one.passed()
    assert REF not in project.remote.refs()
    one.passed(tree(4))
    other = Machine(project, "other").results
    assert [other.read(tree(number)) is not None for number in (1, 2, 3, 4)] == [False, False, False, True]


def test_machines_that_push_at_once_lose_nothing(project: Project) -> None:
    one, other = Machine(project, "one"), Machine(project, "other")
    one.passed(tree(1))
    other.passed(tree(2))  # it has not seen the push of the first
    one.passed(tree(3))
    one.refresh()
    assert all(one.results.read(tree(number)) for number in (1, 2, 3))


def test_the_ref_holds_the_newest_results_without_history(project: Project) -> None:
    one = Machine(project, "one")
    one.passed(*map(tree, range(MOST_SHARED)))
    one.passed(tree(MOST_SHARED))
    other = Machine(project, "other").results
    assert other.read(tree(0)) is None
    assert other.read(tree(1)) is not None
    assert other.read(tree(MOST_SHARED)) is not None
    assert project.remote.git("rev-list", "--count", REF) == "1"


@pytest.mark.parametrize("body", ["not ours", '{"passed": [{"command": "x", "tree": "../y"}]}', "{"])
def test_what_gitcoord_did_not_write_counts_for_nothing_and_stays(project: Project, body: str) -> None:
    foreign = project.remote.git("commit-tree", "main^{tree}", "-m", f"subject\n\n{body}")
    project.remote.git("update-ref", REF, foreign)
    one = Machine(project, "one")
    assert one.results.read(tree(1)) is None
    one.passed(tree(2), tree(3))
    assert project.remote.git("rev-parse", REF) == foreign
    assert one.warned == [
        "Results of checks are not shared with other machines: "
        f"{REF} was not written by gitcoord; gitcoord leaves it unchanged."
    ]


def test_a_remote_that_refuses_the_ref_is_told_once_and_keeps_nothing_from_landing(project: Project) -> None:
    hook = project.remote.path / "hooks" / "update"
    hook.write_text(f'#!/bin/sh\n[ "$1" != {REF} ]\n')
    hook.chmod(0o755)
    project.work("1", {"a": "a"})
    landed = project.run("merge-level", "0", "--check", "true", "--slots", "1", ok=0)
    assert landed.err.count("Results of checks are not shared with other machines") == 1


@pytest.mark.parametrize("shares", [True, False])
def test_a_second_machine_checks_no_tree_again_that_passed_on_the_first(shares: bool, tmp_path: Path) -> None:
    project, counted = renamed_function(tmp_path, "multi-pr"), tmp_path / "trees"
    text = f"git rev-parse HEAD^{{tree}} >> {counted}; {CHECK}"
    options = ("--check", text, "--shell", "--slots", "1", "--flaky", "0")
    project.run("merge-level", "0", *options)
    second = project.worker("second")
    (second.repo.path / ".gitcoord.toml").write_text(f"[landing]\nshare-results = {str(shares).lower()}\n")
    second.run("check-conflicts", "0", *options)
    base = project.remote.git("rev-parse", "main^{tree}")
    assert counted.read_text().split().count(base) == (1 if shares else 2)
