"""`check-file`'s quick answer, for a hook before every write: no git process, next to no imports.

Reads what the last full look left under the git directory, as long as no ref has moved since then; says
nothing at all (None) where a full look is needed.
"""

# Importing pathlib costs as much as the whole answer.
# ruff: noqa: PTH103, PTH105, PTH109, PTH113, PTH116, PTH118, PTH119, PTH120, PTH123
import os
import sys

TYPE_CHECKING = False  # importing it from `typing` costs too
if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = "gitcoord-touched/1"
_FIELDS = 5
_RACY = 50_000_000
"""Nanoseconds: what was written so shortly ago may be written again without looking any different."""

Touch = tuple[str, str, str, str, str]
"""A path, the task that touches it, its branch, its title, and the lines of the base, such as `5-7 20`."""


def quick_answer(arguments: list[str]) -> int | None:
    """Answers `check-file ARGUMENTS` and returns the exit code; None when a full look is needed."""
    asked = [argument for argument in arguments if argument != "--json"]
    if not asked or any(argument.startswith("-") for argument in asked) or os.environ.get("GIT_DIR"):
        return None
    place = find_place(os.getcwd())
    if place is None:
        return None
    root, own_dir, common = place
    paths = [inside(root, path) for path in asked]
    known = read_touched(common)
    if known is None or None in paths:
        return None
    return answer([path or "" for path in paths], known, own_branch(own_dir), as_json="--json" in arguments)


def find_place(start: str) -> tuple[str, str, str] | None:
    """The top of the working tree around `start`, its own git directory, and the one that all share."""
    root = start
    while not os.path.lexists(git := os.path.join(root, ".git")):
        above = os.path.dirname(root)
        if above == root:
            return None
        root = above
    try:
        if os.path.isfile(git):
            with open(git, encoding="utf-8", errors="surrogateescape") as link:
                git = os.path.join(root, link.read().removeprefix("gitdir: ").rstrip("\n"))
        common = git
        if os.path.isfile(pointer := os.path.join(git, "commondir")):
            with open(pointer, encoding="utf-8", errors="surrogateescape") as link:
                common = os.path.normpath(os.path.join(git, link.read().rstrip("\n")))
    except OSError:
        return None
    return root, git, common


def inside(root: str, path: str) -> str | None:
    """`path` as git names it, from the top of the working tree; None when it lies outside."""
    whole = os.path.normpath(os.path.join(os.getcwd(), path))
    if whole == root:
        return ""
    if not whole.startswith(root + os.sep):
        whole = os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole))
        if not whole.startswith(root + os.sep):
            return None
    return whole[len(root) + 1 :]


def own_branch(git_dir: str) -> str:
    """The branch that is checked out: what its own task touches is no news to it."""
    try:
        with open(os.path.join(git_dir, "HEAD"), encoding="utf-8", errors="surrogateescape") as head:
            return head.read().rstrip("\n").removeprefix("ref: refs/heads/")
    except OSError:
        return ""


def fingerprint(common: str) -> tuple[str, int]:
    """What changes whenever a branch or gitcoord's state moves, and when that was last (in ns)."""
    seen = []
    newest = 0
    todo = [os.path.join(common, name) for name in ("packed-refs", "reftable", "refs", "config")]
    while todo:
        place = todo.pop()
        try:
            stat = os.stat(place)
        except OSError:
            continue
        seen.append(f"{place} {stat.st_mtime_ns} {stat.st_size} {stat.st_ino}")
        newest = max(newest, stat.st_mtime_ns)
        if place.endswith((f"{os.sep}packed-refs", f"{os.sep}config")):
            continue
        with os.scandir(place) as entries:
            todo += [
                one.path for one in entries if one.is_dir() and one.name not in ("tags", "remotes", "stash")
            ]
    return "\n".join(sorted(seen)), newest


def touched_path(common: str) -> str:
    """Where the last full look is kept; it may be deleted at any time."""
    return os.path.join(common, "gitcoord", "touched")


def read_touched(common: str) -> list[Touch] | None:
    """What the last full look found, or None when there was none or anything has moved since."""
    try:
        with open(touched_path(common), encoding="utf-8", errors="surrogateescape", newline="") as file:
            version, state, *fields = file.read().split("\0")
    except (OSError, ValueError):
        return None
    if version != _VERSION or len(fields) % _FIELDS != 1 or state != fingerprint(common)[0]:
        return None
    return [
        (fields[at], fields[at + 1], fields[at + 2], fields[at + 3], fields[at + 4])
        for at in range(0, len(fields) - 1, _FIELDS)
    ]


def write_touched(common: str, state: tuple[str, int], now: int, touches: "Sequence[Touch]") -> None:
    """Keeps a full look that began at `now` with the refs in `state`; a full disk is no error."""
    if now - state[1] < _RACY:
        return
    path = touched_path(common)
    text = "\0".join([_VERSION, state[0], *(field for touch in touches for field in touch), ""])
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.{os.getpid()}", "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        os.replace(f"{path}.{os.getpid()}", path)
    except (OSError, UnicodeError):
        return


def answer(paths: "Sequence[str]", touches: "Sequence[Touch]", own: str, *, as_json: bool) -> int:
    """Prints who else touches `paths`; 1 when somebody does."""
    others = [touch for touch in touches if touch[2] != own]
    found = [(path, [touch for touch in others if _meet(path, touch[0])]) for path in paths]
    if as_json:
        import json

        document = {
            "schema": "gitcoord.files/1",
            "clear": not any(touching for _, touching in found),
            "paths": [{"path": path, "touched_by": list(map(_as_dict, hits))} for path, hits in found],
        }
        _emit(json.dumps(document, indent=2, ensure_ascii=True))
    else:
        for _, touching in found:
            for path, task, branch, title, lines in touching:
                where = f", lines {lines.replace(' ', ', ')}" if lines else ""
                _emit(_shown(f"{path}: task {task} ({title}) on {branch}{where}"))
    return int(any(touching for _, touching in found))


def _meet(path: str, other: str) -> bool:
    """Whether one is the other or lies in it, for systems that ignore case too."""
    one, two = path.lower(), other.lower()
    return not one or one == two or one.startswith(two + "/") or two.startswith(one + "/")


def _as_dict(touch: Touch) -> dict[str, object]:
    path, task, branch, title, lines = touch
    ranges = [[int(end) for end in part.split("-")] for part in lines.split()]
    return {
        "path": path,
        "task": task,
        "branch": branch,
        "title": title,
        "lines": [[part[0], part[-1]] for part in ranges],
    }


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    from gitcoord.cli.output import clean

    return clean(text)


def _emit(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
