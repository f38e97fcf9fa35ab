"""Reads the question for `check-file`: the task that asks and the files, from the command line or a hook.

Like `check_file_fast` it imports almost nothing: a hook runs before every write.
"""

# ruff: noqa: PTH109, PTH110, PTH112, PTH113, PTH118, PTH119, PTH120
import os
import sys

TYPE_CHECKING = False  # importing it from `typing` costs too
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOOKS = ("claude", "codex", "git")
"""The programs whose hooks gitcoord can answer: https://code.claude.com/docs/en/hooks,
https://developers.openai.com/codex/hooks and git's own `pre-commit`."""
BLOCKED = {"claude": 2, "codex": 2, "git": 1}
"""The exit code that stops the write or the commit; with any other code the program continues."""
_BRANCH_FILES = ("HEAD", "rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START")
"""The files in which git keeps the branch of a working tree; the last three while a rebase or bisection has
HEAD detached. See git's `wt-status.c`."""
_PATH_KEYS = ("file_path", "notebook_path", "path")
_PATCH_KEYS = ("command", "patch", "input")
_PATCH_LINES = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")


Tree = tuple[str, str, str]
"""The top of a working tree, its own git directory, and the common git directory of the repository."""


class FilePlace:
    """A file in a working tree: its `path` relative to the tree's top, and the tree's git directories."""

    __slots__ = ("common", "own", "path", "root")

    def __init__(self, root: str, own: str, common: str, path: str) -> None:
        self.root = root
        self.own = own
        self.common = common
        self.path = path


def hook_in(arguments: "Sequence[str]") -> str | None:
    """Returns the program of `--hook PROGRAM`; None for any other arguments, or an unknown program."""
    words = arguments[0].split("=", 1) if len(arguments) == 1 else list(arguments)
    return words[1] if len(words) == 2 and words[0] == "--hook" and words[1] in HOOKS else None


def find_tree(start: str) -> Tree | None:
    """Finds the working tree that contains `start`; None if there is none that can be read."""
    root = start
    while not os.path.lexists(git := os.path.join(root, ".git")):
        above = os.path.dirname(root)
        if above == root:
            return None
        root = above
    try:
        if os.path.isfile(git):
            with open(git, encoding="utf-8", errors="surrogateescape") as link:  # noqa: PTH123
                git = os.path.join(root, link.read().removeprefix("gitdir: ").rstrip("\n"))
        common = git
        if os.path.isfile(pointer := os.path.join(git, "commondir")):
            with open(pointer, encoding="utf-8", errors="surrogateescape") as link:  # noqa: PTH123
                common = os.path.normpath(os.path.join(git, link.read().rstrip("\n")))
    except OSError:
        return None
    return root, git, os.path.realpath(common)


def place_of(path: str, common: str | None = None) -> FilePlace | None:
    """Finds the working tree that contains `path`; returns None if there is none.

    Of nested trees, takes the innermost one of the repository `common`, else the innermost one.
    """
    whole = os.path.normpath(os.path.join(os.getcwd(), path))
    # Resolve links in the directory, but not the file itself: git tracks a link as a file.
    whole = os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole))
    start = whole if os.path.isdir(whole) else os.path.dirname(whole)
    found = tree = find_tree(start)
    while tree is not None and tree[2] != common:
        above = os.path.dirname(tree[0])
        tree = find_tree(above) if common and above != tree[0] else None
    found = tree or found
    if found is None:
        return None
    inside = "" if whole == found[0] else whole[len(found[0].rstrip(os.sep)) + 1 :]
    return FilePlace(*found, inside)


def branch_at(git_dir: str) -> str:
    """Returns the branch of a working tree, also in the middle of a rebase or bisection.

    Empty if HEAD is detached for another reason.
    """
    for name in _BRANCH_FILES:
        try:
            with open(  # noqa: PTH123
                os.path.join(git_dir, name), encoding="utf-8", errors="surrogateescape"
            ) as file:
                said = file.read().rstrip("\n").removeprefix("ref: ")
        except OSError:
            continue
        if said.startswith("refs/heads/") or name == "BISECT_START":
            return said.removeprefix("refs/heads/")
    return ""


class HookQuestion:
    """A hook's question: the files, and the working directory of its program."""

    def __init__(self, hook: str, directory: str, places: "list[FilePlace]") -> None:
        self.hook = hook
        self.directory = directory
        self.places = places


def read_question(hook: str) -> HookQuestion | str:
    """Reads the hook's question from stdin or git's index; returns the reason if that fails.

    Leaves out files outside any repository, and names that no file can have.
    """
    if hook == "git":
        paths, directory = _staged(), os.getcwd()
    else:
        import json

        try:
            told = json.loads(sys.stdin.buffer.read() if sys.stdin else b"")
            directory = told.get("cwd") or os.getcwd()
            paths = list(_paths(told["tool_name"], told["tool_input"]))
            paths = [os.path.join(directory, path) for path in paths]
        except (ValueError, KeyError, TypeError, AttributeError):
            return f"Standard input is not {hook}'s hook JSON, so nothing was checked."
    here = find_tree(os.path.realpath(directory))
    places = [place_of(path, here and here[2]) for path in paths if _may_exist(path)]
    return HookQuestion(hook, directory, [place for place in places if place is not None and place.path])


def _paths(tool: str, hook_input: dict[str, object]) -> "Iterator[str]":
    for key in _PATH_KEYS:
        if (path := hook_input.get(key)) and isinstance(path, str):
            yield path
    for key in _PATCH_KEYS if tool == "apply_patch" else ():
        if isinstance(patch := hook_input.get(key), str):
            for line in patch.split("\n"):
                for start in _PATCH_LINES:
                    if line.startswith(start) and (path := line.removeprefix(start).strip()):
                        yield path


def _may_exist(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _staged() -> "list[str]":
    """Returns the paths that the commit changes; for a merge, only those that differ from every parent."""
    import subprocess

    tree = find_tree(os.getcwd())
    if tree is None:
        return []
    merging = os.path.exists(os.path.join(tree[1], "MERGE_HEAD"))
    found: set[bytes] | None = None
    for parent in ("HEAD", "MERGE_HEAD") if merging else ("HEAD",):
        options = ("--cached", "--name-only", "-z", "--no-renames", "--no-ext-diff")
        asked = subprocess.run(["git", "diff", *options, parent, "--"], capture_output=True, check=False)
        if asked.returncode and parent == "HEAD":  # there is no commit yet
            asked = subprocess.run(["git", "diff", *options, "--"], capture_output=True, check=False)
        paths = set(filter(None, asked.stdout.split(b"\0")))
        found = paths if found is None else found & paths
    return [os.path.join(tree[0], os.fsdecode(path)) for path in sorted(found or ())]
