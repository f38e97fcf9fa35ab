"""What a branch took back of a stack's parent, which the base has as other commits: no merge shows it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gitcoord.evidence.landed_tips import landed_tips
from gitcoord.evidence.proof_by_content import holds
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git
from tests.evidence.histories import FILES, History, lines, naming
from tests.support.repos import Content, Entry

_CODE = FILES["code.py"]
_BOTH = {"shared.txt": lines(_2="two", _28="new")}
TAKEN_BACK: Mapping[str, tuple[Mapping[str, Content], Mapping[str, Content]]] = {
    "a file": ({**_BOTH, "run.sh": None}, {"run.sh": FILES["run.sh"]}),
    "a line": (_BOTH, {"shared.txt": lines(_28="new")}),
    "a new file": ({**_BOTH, "new.txt": "new\n"}, {"new.txt": None}),
    "a rename": ({**_BOTH, "code.py": None, "moved.py": _CODE}, {"code.py": _CODE, "moved.py": None}),
    "a mode": ({**_BOTH, "run.sh": Entry("100755", "echo\n")}, {"run.sh": Entry("100644", "echo\n")}),
}


@pytest.fixture(params=sorted(TAKEN_BACK))
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[History, str]:
    """Task 2 takes back a part of task 1, which has landed by a squash; and the head of task 2."""
    history = History(tmp_path / "repo")
    first, second = TAKEN_BACK[request.param]
    parent = history.work("1", first)
    child = history.work("2", second, at=parent)
    history.squash(parent, naming("1", parent))
    return history, child


def is_proved(history: History, head: str) -> set[bool]:
    """Whether each kind of evidence has the head in the base."""
    git, main = Git(history.repo.path), history.repo.tip("main")
    in_tips = head in landed_tips(git, Ancestry(git), main, [head])
    return {"2" in history.landed(), history.spent("2"), in_tips, holds(git, [(main, head)])[0]}


def test_the_parents_landing_brings_nothing_of_what_the_child_takes_back(stack: tuple[History, str]) -> None:
    history, child = stack
    assert is_proved(history, child) == {False}
    history.repo.commit({"shared.txt": lines(_2="two", _15="fifteen", _28="new")}, naming("2", child))
    assert is_proved(history, child) == {False}
    assert "1" in history.landed()


def test_its_own_landing_brings_it(stack: tuple[History, str]) -> None:
    history, child = stack
    history.repo.commit({"elsewhere.txt": "1\n"})
    # As gitcoord merges a stack: as if the base had the parent's head.
    parents = ("-p", "main", "-p", history.branch("1"))
    onto = history.repo.git("commit-tree", "main^{tree}", *parents, "-m", "with the parent")
    tree = history.repo.git("merge-tree", "--write-tree", onto, child)
    landing = history.onto_main(tree, naming("2", child))
    assert is_proved(history, child) == {True}
    history.repo.commit({"elsewhere.txt": "2\n"})
    assert is_proved(history, child) == {True}
    assert history.landed()["2"].commit == landing
