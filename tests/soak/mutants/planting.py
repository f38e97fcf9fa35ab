"""Planting a fault into a copy of the package: exact text replaced, or a function's body."""

import ast
import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_LINKED = ("tests", "fixtures", "pyproject.toml")


class NotPlanted(Exception):  # noqa: N818 - it is what happened
    """The code is not as the mutant expects it: the mutant has to follow the code."""


@dataclass(frozen=True)
class Replace:
    """In `file`, `old` (which is there once) becomes `new`."""

    file: str
    old: str
    new: str

    def plant(self, text: str) -> str:
        """The text with the fault in it."""
        if text.count(self.old) != 1:
            raise NotPlanted(f"{self.file} has {text.count(self.old)} times: {self.old}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Body:
    """In `file`, the function `name` (or `Class.name`) does `body` instead of what it did."""

    file: str
    name: str
    body: str

    def plant(self, text: str) -> str:
        """The text with the fault in it."""
        found: ast.AST | None = ast.parse(text)
        for part in self.name.split("."):
            found = next(
                (one for one in ast.iter_child_nodes(found) if getattr(one, "name", "") == part)
                if found
                else iter(()),
                None,
            )
        if not isinstance(found, ast.FunctionDef) or found.end_lineno is None:
            raise NotPlanted(f"{self.file} has no function {self.name}")
        lines = text.splitlines(keepends=True)
        first = found.body[0]
        indented = textwrap.indent(textwrap.dedent(self.body), " " * first.col_offset) + "\n"
        return "".join([*lines[: first.lineno - 1], indented, *lines[found.end_lineno :]])


Fault = Replace | Body


def make_copy(place: Path, faults: tuple[Fault, ...]) -> None:
    """A copy of the checkout in `place` with these faults in its package; raises NotPlanted.

    Run from there, `gitcoord` is the copy, and `tests` are those of the checkout.
    """
    place.mkdir(parents=True)
    shutil.copytree(ROOT / "gitcoord", place / "gitcoord", ignore=shutil.ignore_patterns("__pycache__"))
    for name in _LINKED:
        (place / name).symlink_to(ROOT / name)
    for fault in faults:
        path = place / "gitcoord" / fault.file
        if not path.is_file():
            raise NotPlanted(f"there is no {fault.file}")
        planted = fault.plant(path.read_text(encoding="utf-8"))
        ast.parse(planted)
        path.write_text(planted, encoding="utf-8")
