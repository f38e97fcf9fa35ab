"""Publishes the work of a running attempt, committed or not, so that other machines see clashes with it.

Publishes one commit on top of commits that the remote has already: never a commit of the agent, and never a
file that is held back when the work is submitted. The agent's index stays as it is.
"""

from pathlib import Path

import msgspec

from gitcoord.conflicts.rules import Rulebook
from gitcoord.durations import NO_LIMIT, parse_duration
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.remote_refs import HEADS, SharedRefs
from gitcoord.git.worktree import WorkingCopy
from gitcoord.git.write_commits import commit_tree, fixed_author
from gitcoord.settings import RuleSettings
from gitcoord.state.published_work import work_ref
from gitcoord.state.store import Store
from gitcoord.state.task_history import PENDING
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.clash_lines import clash_lines
from gitcoord.worker.attempt.exchange_files import CLASHES, leave
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.attempt.repeated_ref import RepeatedRef
from gitcoord.worker.attempt.uncommitted_work import changed_entries, path_lines, scratch_index
from gitcoord.worker.hold_back_rules import blob_sizes, unwanted_blobs

_LARGEST, _ALTOGETHER = 1 << 20, 16 << 20
"""Maximum bytes of one published file, and of all new contents together: other files are left out."""
_PATHS = ("--pathspec-from-file=-", "--pathspec-file-nul")


def publishing(context: AttemptContext) -> RepeatedRef:
    """Publishes the work of the attempt, at the interval of the settings, until the `with` block ends."""
    store, pace = context.task_context.store, context.settings.run.publish_progress
    seconds = 0.0 if pace in NO_LIMIT or store.shared.remote is None else parse_duration(pace) or 0.0
    ref = work_ref(store, context.unit.id, context.attempt)
    return RepeatedRef(store, ref, seconds, _WorkPublisher(context))


class _WorkPublisher:
    """Makes the next commit to publish, and writes the clashes that a run has found into the checkout."""

    def __init__(self, context: AttemptContext) -> None:
        self._context = context
        self._store: Store | None = None
        self._reported = ""

    def __call__(self, shared: SharedRefs) -> Oid | None:
        context = self._context
        shared.refresh()
        self._store = self._store or Store(shared.repository, shared, context.task_context.plan.generation)
        lines = self._clashes(self._store)
        if lines != self._reported:
            leave(context.directory, CLASHES, lines)
            self._reported = lines
        return unfinished_work(shared, context.directory, context.settings.rules)

    def _clashes(self, store: Store) -> str:
        unit, events = self._context.unit.id, [one.event for one in store.journal() if one.event is not None]
        attempt = store.progress().get(unit, PENDING).attempt
        begun = attempt.started.at if attempt is not None and attempt.started is not None else ""
        return clash_lines(self._context.task_context.plan, events, unit, begun)


def unfinished_work(shared: SharedRefs, directory: Path, rules: RuleSettings) -> Oid | None:
    """Makes a commit of the checkout's files; None if there is no work, or no usable checkout.

    The same work gives the same commit. Raises `git-failed`.
    """
    copy = WorkingCopy(shared.repository, directory)
    if not directory.is_dir() or copy.administration() is None:
        return None
    parents = _known_parents(copy.git, shared)
    if not parents:
        return None
    with scratch_index(copy.git) as indexed:
        _add_changes(copy, indexed, rules)
        _drop_unwanted(copy, indexed, parents, rules)
        tree = indexed.text("write-tree")
    if tree in {copy.git.text("rev-parse", f"{parent}^{{tree}}") for parent in parents}:
        return None
    who = fixed_author("@0 +0000")
    return commit_tree(copy.git, tree, parents, "Unfinished work", environment=who)


def _known_parents(git: Git, shared: SharedRefs) -> list[Oid]:
    """Returns the newest commits below HEAD that the remote's branches have."""
    heads = {f"^{tip}" for tip in shared.list(HEADS).values()}
    asked = "".join(f"{line}\n" for line in ("HEAD", *heads))
    told = git.run("rev-list", "--boundary", "--stdin", input=asked.encode()).text.split()
    if not told:
        return [git.text("rev-parse", "--verify", "HEAD")]
    below = [line[1:] for line in told if line.startswith("-")]
    return git.lines("merge-base", "--independent", *below) if len(below) > 1 else below


def _add_changes(copy: WorkingCopy, indexed: Git, rules: RuleSettings) -> None:
    """Adds changed and new files to the index `indexed`, without scratch files and nested repositories."""
    left, wanted = _ALTOGETHER, []
    entries = changed_entries(copy)
    scratch = set(Rulebook(rules).by("scratch", [entry[3:] for entry in entries if entry.startswith("??")]))
    for path in (entry[3:] for entry in entries if entry[1] != " "):
        size = _size(copy.directory / path)
        if path not in scratch and not path.endswith("/") and size <= min(left, _LARGEST):
            wanted.append(path)
            left -= size
    if wanted:
        how = ("add", "--all", "--sparse", "--ignore-errors")
        indexed.run("--literal-pathspecs", *how, *_PATHS, input=path_lines(wanted), ok=())


def _drop_unwanted(copy: WorkingCopy, indexed: Git, parents: list[Oid], rules: RuleSettings) -> None:
    """Reverts in `indexed` new files that a submit would leave out, and contents that are too large."""
    tree, given = indexed.text("write-tree"), ProvidedFiles(copy)
    changed = _changed_files(indexed, parents[0], tree)
    for parent in parents[1:]:
        both = _changed_files(indexed, parent, tree)
        changed = {path: change for path, change in changed.items() if path in both}
    added = {path: change.blob for path, change in changed.items() if not change.before}
    dropped = {*unwanted_blobs(indexed, added, rules), *filter(given.holds, added)}
    sizes, left = blob_sizes(indexed, {change.blob for change in changed.values()}), _ALTOGETHER
    for path, change in changed.items():
        size = sizes[change.blob]
        if path in dropped or size > min(left, _LARGEST):
            dropped.add(path)
        else:
            left -= size
    if dropped:
        # Mode 0 removes a path (git-update-index).
        nothing = f"0 {'0' * len(tree)}"
        lines = [f"{changed[path].before or nothing}\t{path}" for path in sorted(dropped)]
        indexed.run("update-index", "-z", "--index-info", input=path_lines(lines))


class _Change(msgspec.Struct, frozen=True):
    """The new blob of a regular file; `before` is its mode and blob before, empty if it is new."""

    blob: Oid
    before: str


def _changed_files(git: Git, parent: Oid, tree: Oid) -> dict[str, _Change]:
    options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--diff-filter=AMT")
    told, found = git.text("diff-tree", *options, parent, tree).split("\0"), {}
    for entry, path in zip(told[::2], told[1::2], strict=False):
        old_mode, mode, old, blob, kind = entry.removeprefix(":").split(" ")
        if mode.startswith("100"):
            found[path] = _Change(blob, "" if kind == "A" else f"{old_mode} {old}")
    return found


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0  # it was deleted
