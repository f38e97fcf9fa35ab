"""The law of landings, over random histories: what counts is there, and what was merged counts."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.evidence.histories import History, naming
from tests.support.laws import tries
from tests.support.repos import Content

LENGTH = 12
WAYS = ("merge", "squash", "rebase", "squash by a person")


class Work(NamedTuple):
    """What a task does: lines of the shared file in one or two commits, a file of its own."""

    lines: tuple[int, ...]
    adds: bool
    steps: int


class Act(NamedTuple):
    """What happens to the base: a task is landed (`how`), quoted or landed in part, or a line edited."""

    what: str
    task: str
    how: str
    line: int


WORKS = st.builds(
    Work,
    st.lists(st.integers(0, LENGTH - 1), min_size=1, max_size=3, unique=True).map(lambda s: tuple(sorted(s))),
    st.booleans(),
    st.integers(1, 2),
)
ACTS = st.builds(
    Act,
    st.sampled_from(("land", "land", "quote", "quote", "part", "edit")),
    st.sampled_from(("1", "2", "3")),
    st.sampled_from(WAYS),
    st.integers(0, LENGTH - 1),
)


class Played:
    """A history, what the base holds line by line, and what that has had at any time."""

    def __init__(self, place: Path, works: Sequence[Work]) -> None:
        self.history = History(place)
        self.works = {str(number): work for number, work in enumerate(works, 1)}
        self.lines = [f"line {number}" for number in range(LENGTH)]
        self.files: set[str] = set()
        self.history.repo.commit({"base.txt": self._text(self.lines)})
        self.heads = {task: self._do(task, work) for task, work in self.works.items()}
        self.landed: set[str] = set()
        self.had: set[str] = set()
        self.clock = 0

    def play(self, act: Act) -> None:
        self.clock += 1
        work, head = self.works[act.task], self.heads[act.task]
        message = naming(act.task, head)
        if act.what == "edit":
            self._write({act.line: f"edited {self.clock}"}, "Somebody edits")
        elif act.what == "quote":
            self._write({work.lines[0]: f"quoted {self.clock}"}, message)
        elif act.what == "part" and len(work.lines) > 1:
            self._write({line: self._token(act.task, line) for line in work.lines[1:]}, message)
        elif act.what == "land" and act.task not in self.landed:
            self._land(act.task, act.how)
        self.had |= {task for task in self.works if self._is_there(task)}

    def _land(self, task: str, how: str) -> None:
        repo, head = self.history.repo, self.heads[task]
        merged = repo.git("merge-tree", "--write-tree", repo.tip("main"), head, ok=(0, 1)).splitlines()
        work = self.works[task]
        for line in work.lines:
            self.lines[line] = self._token(task, line)
        self.files |= {f"{task}.txt"} if work.adds else set()
        if len(merged) > 1:
            self._resolve(task, on_level_branch=how == "squash")
        elif how == "merge":
            self.history.merge(head)
        elif how == "squash":
            self.history.squash(head, naming(task, head))
        elif how == "squash by a person" or not self._rebased(head):
            self.history.merged_pull(task, head, self.history.squash(head, "In other words"))
        self.landed.add(task)

    def _rebased(self, head: str) -> bool:
        """Whether the commits could be rebased one by one."""
        try:
            self.history.rebase(head)
        except AssertionError:
            self.history.repo.git("rebase", "--abort")
            self.history.repo.git("checkout", "--quiet", "main")
            return False
        return True

    def _resolve(self, task: str, *, on_level_branch: bool) -> None:
        """A person resolves the conflict on the pull request's branch, and it is squashed.

        On the level branch nothing says so but the commit: the forge's answer was lost, and the pull request
        is still open.
        """
        repo, head = self.history.repo, self.heads[task]
        for line in self.works[task].lines:
            self.lines[line] = _resolved(self._token(task, line))
        changes: dict[str, Content] = {"base.txt": self._text(self.lines)}
        changes |= {name: f"{name}\n" for name in self.files}
        level, known = self.history.plan.levels[0].branch, repo.refs()
        if not on_level_branch:
            resolved = repo.commit(changes, branch=f"resolved-{task}", at=head, merge=["main"])
            made = self.history.squash(resolved, "Resolved", tree=repo.tree(resolved))
            self.history.merged_pull(task, resolved, made)
            return
        onto, more = (None, [self.history.branch(task)]) if f"refs/heads/{level}" in known else (head, [])
        resolved = repo.commit(changes, branch=level, at=onto, merge=[*more, "main"])
        self.history.squash(resolved, naming(task, head), tree=repo.tree(resolved))

    def _do(self, task: str, work: Work) -> str:
        lines, steps = list(self.lines), list[dict[str, Content]]()
        for line in work.lines:
            lines[line] = self._token(task, line)
            steps.append({"base.txt": self._text(lines)})
        own: dict[str, Content] = {f"{task}.txt": f"{task}.txt\n"} if work.adds else {}
        return self.history.work(task, *(steps if work.steps > 1 else steps[-1:]), *([own] if own else []))

    def _write(self, changes: dict[int, str], message: str) -> None:
        for line, text in changes.items():
            self.lines[line] = text
        self.history.repo.commit({"base.txt": self._text(self.lines)}, message)

    def _is_there(self, task: str) -> bool:
        work = self.works[task]
        tokens = {line: self._token(task, line) for line in work.lines}
        written = all(self.lines[line] in (token, _resolved(token)) for line, token in tokens.items())
        return written and (not work.adds or f"{task}.txt" in self.files)

    @staticmethod
    def _token(task: str, line: int) -> str:
        return f"task {task} at {line}"

    @staticmethod
    def _text(lines: Sequence[str]) -> str:
        # Far enough apart for edits of two lines not to touch each other.
        return "".join(f"{line}\n-\n-\n-\n" for line in lines)


def _resolved(token: str) -> str:
    return f"{token}, resolved"


@settings(max_examples=tries(12), deadline=None)
@given(st.lists(WORKS, min_size=3, max_size=3), st.lists(ACTS, min_size=4, max_size=8))
# Somebody takes a part of a commit over, and then it is rebased: its patch is another one.
@example(
    works=[Work((1,), False, 1), Work((0,), False, 1), Work((0, 1), False, 1)],
    acts=[Act("land", "1", "merge", 0), Act("part", "3", "merge", 0), Act("land", "3", "rebase", 0)],
)
# The base has one of two commits already: the rebase leaves that out.
@example(
    works=[Work((0, 1, 2), False, 2), Work((3,), False, 1), Work((4,), False, 1)],
    acts=[Act("part", "1", "merge", 0), Act("land", "1", "rebase", 0)],
)
# A conflict is resolved on the level branch, and nothing but the commit says that it was merged.
@example(
    works=[Work((0,), False, 1), Work((0,), False, 1), Work((1,), False, 1)],
    acts=[Act("land", "1", "merge", 0), Act("land", "2", "squash", 0)],
)
def test_nothing_counts_that_was_never_there_and_whatever_was_merged_counts(
    works: list[Work], acts: list[Act]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        played = Played(Path(place) / "repo", works)
        for act in acts:
            played.play(act)
        found = set(played.history.landed())
        assert found <= played.had
        assert found >= played.landed
        spent = {task for task in played.works if played.history.spent(task)}
        assert spent <= played.had
