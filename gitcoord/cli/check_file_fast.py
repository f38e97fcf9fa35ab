"""Answers `check-file` from a cache, for a hook before every write: no git process, almost no imports.

Reads the result of the last full search under the git directory. If a ref has moved since then,
`quick_answer` returns None, and the caller must search again.
"""

# Importing pathlib takes as long as the complete answer.
# ruff: noqa: PTH103, PTH105, PTH109, PTH116, PTH118, PTH120, PTH123
import os
import sys

from gitcoord.cli.check_file_request import (
    BLOCKED,
    FilePlace,
    HookQuestion,
    Tree,
    branch_at,
    find_tree,
    hook_in,
    place_of,
)

TYPE_CHECKING = False  # importing it from `typing` costs too
if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = "gitcoord-touched/3"
_FIELDS = 6
_RACY = 50_000_000
"""Nanoseconds: a file written this recently may be written again with the same time and size."""

Touch = tuple[str, str, str, str, str, str]
"""A path, the task that touches it, the task's branch and title, the lines of the base that it changes, such
as `5-7 20`, and the tasks that are stacked on the task, such as `2 5`.
An entry without a path only maps a branch to its task."""
NO_PLAN: Touch = ("", "", "", "", "", "")
"""Stands for a repository that has no plan."""


def quick_answer(arguments: list[str]) -> int | None:
    """Answers `check-file ARGUMENTS` and returns the exit code; None if a full search is needed."""
    if (hook := hook_in(arguments)) is not None:
        return _quick_hook(hook)
    asked = [argument for argument in arguments if argument != "--json"]
    if not all(asked) or any(argument.startswith("-") for argument in asked) or os.environ.get("GIT_DIR"):
        return None
    here = find_tree(os.getcwd())
    places = [place_of(path, here and here[2]) for path in asked]
    if here is None or not places or any(place is None or place.common != here[2] for place in places):
        return None
    known = read_touched(here[2])
    if known is None or NO_PLAN in known:
        return None
    found = [place for place in places if place is not None]
    return answer(
        found, [own_task(known, here, place) for place in found], known, as_json="--json" in arguments
    )


def _quick_hook(hook: str) -> int | None:
    from gitcoord.cli import check_file_request

    question = check_file_request.read_question(hook)
    if isinstance(question, str):
        sys.stderr.write(f"gitcoord: {question}\n")
        return 0
    kept = {place.common: read_touched(place.common) for place in question.places}
    looks = {common: touches for common, touches in kept.items() if touches is not None}
    if len(looks) < len(kept):
        global unanswered
        unanswered = question
        return None
    return answer_hook(question, looks)


unanswered: HookQuestion | None = None
"""The hook's question, if it needs a full search: stdin can be read only once."""


def own_task(touches: "Sequence[Touch]", here: Tree | None, place: FilePlace) -> str:
    """Returns the task that asks, whose own changes do not count; empty if there is none.

    It is the task whose branch, or a subtask's, is checked out here; else the task that the worker gave to
    the agent, whose checkout may have another branch or none; else the task whose worktree has the file.
    """
    inside = here is not None and here[2] == place.common
    by_branch = {touch[2]: touch[1] for touch in touches if touch[2]}
    at_work = by_branch.get(branch_at(here[1]), "") if inside and here else ""
    given = os.environ.get("GITCOORD_TASK_ID", "") if inside else ""
    return at_work or given or by_branch.get(branch_at(place.own), "")


def fingerprint(common: str) -> tuple[str, int]:
    """Returns a text that changes with the branches and gitcoord's state, and the last change's time (ns)."""
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
    """Returns the cache file of the last full search; it may be deleted at any time."""
    return os.path.join(common, "gitcoord", "touched")


def read_touched(common: str) -> list[Touch] | None:
    """Reads the result of the last full search; None if none can be read or a ref has moved since."""
    try:
        with open(touched_path(common), encoding="utf-8", errors="surrogateescape", newline="") as file:
            version, state, *fields = file.read().split("\0")
    except (OSError, ValueError):
        return None
    if version != _VERSION or len(fields) % _FIELDS != 1 or state != fingerprint(common)[0]:
        return None
    return [
        (fields[at], fields[at + 1], fields[at + 2], fields[at + 3], fields[at + 4], fields[at + 5])
        for at in range(0, len(fields) - 1, _FIELDS)
    ]


def write_touched(common: str, state: tuple[str, int], now: int, touches: "Sequence[Touch]") -> None:
    """Caches the result of a search that began at `now` (ns), when `fingerprint` returned `state`.

    Does nothing if a ref changed immediately before the search, or if the file cannot be written.
    """
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


def answer(
    places: "Sequence[FilePlace]", own: "Sequence[str]", touches: "Sequence[Touch]", *, as_json: bool
) -> int:
    """Prints the tasks that touch each of `places`, except its task in `own`; returns 1 if there are any."""
    found = [(place.path, touching(place.path, touches, by)) for place, by in zip(places, own, strict=True)]
    if as_json:
        import json

        document = {
            "schema": "gitcoord.files/1",
            "clear": not any(hits for _, hits in found),
            "paths": [{"path": path, "touched_by": list(map(_as_dict, hits))} for path, hits in found],
        }
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=True) + "\n")
    else:
        for _, hits in found:
            for touch in hits:
                sys.stdout.write(sentence(touch) + "\n")
    sys.stdout.flush()
    return int(any(hits for _, hits in found))


def answer_hook(question: HookQuestion, looks: "dict[str, list[Touch]]") -> int:
    """Prints, to stderr, the other tasks that change the files; returns the blocking exit code, or 0.

    `looks`: the result of the search in each repository, by its common git directory.
    """
    here = find_tree(os.path.realpath(question.directory))
    told: dict[str, None] = {}
    for place in question.places:
        touches = looks.get(place.common, [])
        told.update(
            dict.fromkeys(map(sentence, touching(place.path, touches, own_task(touches, here, place))))
        )
    if not told:
        return 0
    way_out = (
        "Leave the file out of the commit, or commit it anyway with `git commit --no-verify`."
        if question.hook == "git"
        else "Do not change the file: leave it to that task, or report that the tasks need an order."
    )
    said = [
        "gitcoord: Another task changes this file.",
        *(f"  {line}" for line in told),
        f"  hint: {way_out}",
    ]
    sys.stderr.write("\n".join(said) + "\n")
    return BLOCKED[question.hook]


def touching(path: str, touches: "Sequence[Touch]", own: str) -> "list[Touch]":
    """Returns the `touches` that overlap `path`, except those of `own` and of tasks below it in a stack."""
    return [
        touch
        for touch in touches
        if touch[0] and touch[1] != own and own not in touch[5].split() and _meet(path, touch[0])
    ]


def _meet(path: str, other: str) -> bool:
    """Whether the paths are equal or one contains the other; ignores case, as some systems do."""
    one, two = path.lower(), other.lower()
    return not one or one == two or one.startswith(two + "/") or two.startswith(one + "/")


def _as_dict(touch: Touch) -> dict[str, object]:
    path, task, branch, title, lines, _ = touch
    ranges = [[int(end) for end in part.split("-")] for part in lines.split()]
    return {
        "path": path,
        "task": task,
        "branch": branch,
        "title": title,
        "lines": [[part[0], part[-1]] for part in ranges],
    }


def sentence(touch: Touch) -> str:
    """Returns `src/main.rs: task 1 (Title) on feature/…, lines 5-6, 20`, safe for a terminal."""
    path, task, branch, title, lines, _ = touch
    one = lines.isdecimal()
    where = f", line{'' if one else 's'} {lines.replace(' ', ', ')}" if lines else ""
    text = f"{path}: task {task} ({title}) on {branch}{where}"
    if text.isascii() and text.isprintable():
        return text
    from gitcoord.cli.views.output import clean

    return clean(text)
