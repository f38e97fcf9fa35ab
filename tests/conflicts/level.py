"""A level for conflict tests: one repository, a branch for each task."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.model import BranchInput, ConflictReport, PairReport, SerializeOn
from gitcoord.git.locate_repository import locate
from gitcoord.planning.arrange_waves import Candidate
from gitcoord.tasks.model import TaskId
from tests.support.repos import Content, Repo

LINES = "".join(f"line {number}\n" for number in range(1, 41))


def edited(*numbers: int, by: str = "edited", lines: str = LINES) -> str:
    """The forty lines with some of them changed."""
    text = lines
    for number in numbers:
        text = text.replace(f"line {number}\n", f"line {number} {by}\n")
    return text


class Level:
    """Branches of one repository, examined together. Task ids are the branches' names."""

    def __init__(self, path: Path, files: Mapping[str, Content], *, bare: bool = True) -> None:
        self.repo = Repo.create(path / "project", bare=bare)
        self.repo.commit(files, "the base")

    def branch(self, name: str, changes: Mapping[str, Content], *, at: str = "main") -> str:
        return self.repo.commit(changes, f"work of {name}", branch=name, at=at)

    def examine(
        self,
        *names: str,
        serialize_on: SerializeOn = "conflict",
        ignore: Sequence[str] = (),
        candidates: Sequence[Candidate] = (),
        landed: Sequence[str] = (),
    ) -> ConflictReport:
        """The report on `names` (default: every branch but main, by name)."""
        heads = (ref.removeprefix("refs/heads/") for ref in self.repo.refs())
        return check_branches(
            locate(self.repo.path).open(),
            level="level-0",
            base="main",
            base_commit=self.repo.tip("main"),
            branches=[
                BranchInput(
                    task=TaskId(name),
                    branch=name,
                    commit=self.repo.find(f"refs/heads/{name}"),
                    landed=name in landed,
                )
                for name in names or sorted(set(heads) - {"main"})
            ],
            candidates=candidates,
            serialize_on=serialize_on,
            ignore=ignore,
        )


def examined(repo: Repo, names: Sequence[str]) -> ConflictReport:
    """The pairs of the branches `names` of a repository, without waves."""
    refs = repo.refs()
    return check_branches(
        locate(repo.path).open(),
        level="level-0",
        base="main",
        base_commit=refs["refs/heads/main"],
        branches=[
            BranchInput(task=TaskId(name), branch=name, commit=refs[f"refs/heads/{name}"]) for name in names
        ],
        candidates=(),
        only_pairs=True,
    )


def only_pair(report: ConflictReport) -> PairReport:
    """The one pair of a report that has one."""
    [pair] = report.pairs
    return pair
