"""Makes branch names from patterns, and checks that git accepts them."""

import re
from collections.abc import Iterable, Mapping

from gitcoord.errors import usage_error

_FIELD = re.compile(r"\{(level|task|tag|generation)\}")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
# The characters of most names: only their beginning and length have to be checked.
_PLAIN = re.compile(r"[A-Za-z0-9_](?:/?[A-Za-z0-9_-])*")
# A loose ref and its lock are files, and file names have at most 255 bytes.
_LONGEST_PART = 240


def fill(pattern: str, fields: Mapping[str, str]) -> str:
    """Fills `fields` into `pattern`; does not look for fields in the inserted text."""
    return _FIELD.sub(lambda field: fields.get(field[1], field[0]), pattern)


def branch_name(pattern: str, generation: int, **fields: str) -> str:
    """Makes a branch name; from the second generation on with `-gN`, unless the pattern has `{generation}`.

    So old branches are never mistaken for work of a new task list.
    """
    name = fill(pattern, {**fields, "generation": str(generation)})
    return name if generation == 1 or "{generation}" in pattern else f"{name}-g{generation}"


class Namer:
    """Names the branches of one pattern, tag and generation, as `branch_name` does."""

    def __init__(self, pattern: str, generation: int, tag: str) -> None:
        self._pattern, self._generation, self._tag = pattern, generation, tag
        self._level = ""
        self._halves: list[str] = []

    def name(self, level: int, task: str) -> str:
        """Returns the branch of a task of that level."""
        if str(level) != self._level or not self._halves:
            self._level = str(level)
            self._halves = [
                fill(part, {"level": self._level, "tag": self._tag, "generation": str(self._generation)})
                for part in self._pattern.split("{task}")
            ]
            if self._generation != 1 and "{generation}" not in self._pattern:
                self._halves[-1] += f"-g{self._generation}"
        return task.join(self._halves)


def is_branch_name(name: str) -> bool:
    """Whether git accepts `name` for a new branch (the rules of `git check-ref-format --branch`)."""
    if len(name) <= _LONGEST_PART and name != "HEAD" and _PLAIN.fullmatch(name):
        return True
    try:
        longest = max(len(part.encode()) for part in name.split("/"))
    except UnicodeEncodeError:
        return False
    return (
        0 < longest <= _LONGEST_PART
        and not _FORBIDDEN.search(name)
        and not name.startswith(("-", "/"))
        and not name.endswith(("/", "."))
        and not any(part.startswith(".") or part.endswith(".lock") for part in name.split("/"))
        and name not in ("@", "HEAD")
    )


def check_names(owners: Iterable[tuple[str, str]]) -> None:
    """Checks (owner, branch) pairs: each branch name is valid, unique, and no directory of another one.

    Raises `bad-branch-name` or `same-branch` (exit 2).
    """
    taken: dict[str, str] = {}
    for who, branch in owners:
        if not is_branch_name(branch):
            raise usage_error(
                "bad-branch-name",
                f"{who} would get the branch {branch!r}, which git does not accept.",
                "Change the id in the task list, or `task-branch` and `level-branch` in the settings.",
            )
        if branch in taken:
            raise _same(f"{taken[branch]} and {who} would share the branch {branch}.")
        taken[branch] = who
    seen: set[str] = set()
    for branch, who in taken.items():
        place = branch.rpartition("/")[0]
        if place in seen:
            continue
        seen.add(place)
        parts = branch.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            if above in taken:
                raise _same(
                    f"{taken[above]} would get the branch {above} and {who} {branch}: git cannot keep both."
                )


def _same(message: str) -> Exception:
    return usage_error("same-branch", message, "Change `task-branch` or `level-branch` in the settings.")
