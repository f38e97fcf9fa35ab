"""Before a checkout is changed or removed, makes a ref for those of its commits that are on no branch."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import msgspec

from gitcoord.engines.engine import key_of
from gitcoord.git.bound_worktree import administration, bound
from gitcoord.git.git_cli import Git, Oid, stdin_lines
from gitcoord.git.new_commits import unnamed_commits
from gitcoord.git.refs import read_refs
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.git.write_commits import commit_tree
from gitcoord.tasks.model import TaskId

KEPT = "refs/gitcoord-kept/"
_LOG = "head-log"
"""The copy of the checkout's log of HEAD, from before the first command, in the attempt's directory."""
_MOST = 500
"""The maximum number of positions of HEAD, and of commits of the branch, to check."""


def kept_ref(generation: int, unit: TaskId, attempt: int) -> str:
    """The ref in this clone for the commits that an attempt left on no branch. gitcoord never deletes it."""
    of = "" if generation == 1 else f"generation-{generation}/"
    return f"{KEPT}{of}{key_of(unit, attempt)}"


def uncommitted_ref(generation: int, unit: TaskId, attempt: int) -> str:
    """The ref in this clone for uncommitted work of an attempt. gitcoord never deletes it."""
    above, _, key = kept_ref(generation, unit, attempt).rpartition("/")
    return f"{above}/uncommitted/{key}"


def checkout_ref(directory: Path) -> str:
    """The ref for commits that were left in a checkout after its attempts had ended."""
    return f"{KEPT}checkout/{directory.name}"


class KeptRefs(msgspec.Struct, frozen=True, kw_only=True):
    """The refs of all attempts at a unit, on this machine: with `commits`, and with `uncommitted` work."""

    commits: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()


def refs_kept(repository: Repository, generation: int, unit: TaskId) -> KeptRefs:
    """Finds the refs of all attempts at `unit` that left something, on this machine."""
    found = sorted(read_refs(repository.git, KEPT).targets)
    starts = (named(generation, unit, 0).removesuffix("0") for named in (kept_ref, uncommitted_ref))
    commits, uncommitted = (
        tuple(ref for ref in found if ref.rpartition("-")[0] + "-" == start) for start in starts
    )
    return KeptRefs(commits=commits, uncommitted=uncommitted)


def put_aside(repository: Repository, path: Path, name: str) -> Path:
    """Moves `path`, which an agent made, to the git directory; returns its new path."""
    above = repository.common_dir / "gitcoord-kept" / "replaced"
    above.mkdir(parents=True, exist_ok=True)
    aside = Path(mkdtemp(prefix=f"{name}-", dir=above)) / "git"
    shutil.move(path, aside)
    return aside


def keep_commits(
    repository: Repository, branch: str | None, directory: Path, ref: str, *, since: Oid | None = None
) -> str:
    """Points `ref` to the commits of the checkout that would be lost; returns the ref, or "" if none.

    These are the earlier positions of its HEAD that no other ref contains and whose files no commit of the
    branch has, and HEAD itself unless `branch` (None: any ref) contains it. With `since`, the branch will be
    reset to that commit: then only HEAD and the tip of the branch count, unless `since` contains them.
    Uncommitted work in the middle of a rebase, cherry-pick or revert counts, because aborting discards it.
    """
    place = administration(repository.common_dir, directory)
    if place is None:
        return ""
    there = directory.is_dir()
    # Git keeps its record of a worktree after the files are gone.
    git = (
        bound(repository.git, directory, repository.common_dir)
        if there
        else repository.git.within(place, place)
    )
    head = git.probe("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    been = (git.probe("rev-list", "--walk-reflogs", f"--max-count={_MOST}", "HEAD") or "").split()
    own = [HEADS + branch] if branch and repository.resolve(HEADS + branch) else []
    everything = ["--branches", "--remotes", "--tags", f"--exclude={ref}", f"--glob={KEPT}*"]
    lost = _outside(git, been, everything) if since is None else []
    lost = [commit for commit in lost if not _same_content(git, commit, own or ["HEAD"])]
    now = [head, repository.resolve(own[0]) if own and since else None]
    lost += _outside(git, [commit for commit in now if commit], [since] if since else own or everything)
    # Without HEAD, git does not even find its own directory.
    begun = _interrupted(repository, git, directory) if there and head else None
    tips = list(dict.fromkeys([*lost, *filter(None, [begun])]))
    if len(tips) > 1:
        tips = git.text("merge-base", "--independent", *tips).split()
    return _point(repository, git, ref, tips)


def remember_log(repository: Repository, directory: Path, place: Path) -> None:
    """Copies the log of the checkout's HEAD to the attempt's directory `place`, for `keep_unnamed`."""
    own = administration(repository.common_dir, directory)
    if own is not None and not (place / _LOG).exists():
        with suppress(OSError):
            shutil.copyfile(own / "logs/HEAD", place / _LOG)


def keep_unnamed(
    repository: Repository, directory: Path, ref: str, *, attempt: Path, start: Oid, moment: float
) -> str:
    """Points `ref` to commits after `start` that no ref or log names; returns the ref, or "".

    Does nothing if the checkout's log of HEAD begins with the copy in the attempt's directory `attempt`, or,
    without a copy, contains `start`. Otherwise HEAD was deleted or the log expired, and git may have begun a
    new log. The commits were made after `moment`, in seconds since the epoch.
    """
    place = administration(repository.common_dir, directory)
    if place is not None and _reaches_back(place / "logs/HEAD", attempt / _LOG, start):
        return ""
    git = repository.git
    return _point(repository, git, ref, unnamed_commits(git, repository.common_dir, moment, after=start))


def _reaches_back(log: Path, before: Path, start: Oid) -> bool:
    try:
        entries = log.read_bytes()
    except OSError:
        return False
    try:
        return entries.startswith(before.read_bytes())
    except OSError:
        return os.fsencode(start) in entries


def keep_stashed(repository: Repository, branch: str, ref: str, *, moment: float) -> str:
    """Points `ref` also to entries stashed on `branch` after `moment`; returns the ref, or "".

    All worktrees share one stash, where nobody would look for an agent's work. `moment` is in seconds since
    the epoch.
    """
    git = repository.git
    if repository.resolve("refs/stash") is None:
        return ""
    entries = (line.split(" ", 2) for line in git.lines("stash", "list", "--format=%H %ct %gs"))
    own = (f"WIP on {branch}:", f"On {branch}:")
    return _point(
        repository,
        git,
        ref,
        [commit for commit, at, said in entries if said.startswith(own) and float(at) >= moment - 1],
    )


def keep_also(repository: Repository, ref: str, commit: Oid) -> None:
    """Adds one more commit to those that `ref` keeps."""
    _point(repository, repository.git, ref, [commit])


def _point(repository: Repository, git: Git, ref: str, tips: list[Oid]) -> str:
    if not tips:
        return ""
    old = repository.resolve(ref)
    if old is not None and old not in tips:
        tips = git.text("merge-base", "--independent", old, *tips).split()
    git.run("update-ref", ref, tips[0] if len(tips) == 1 else _joined(repository, git, tips))
    return ref


def _outside(git: Git, commits: list[Oid], known: list[str]) -> list[Oid]:
    """The `commits` that `known` does not contain; all existing ones if git cannot tell."""
    if not commits:
        return []
    asked = stdin_lines(dict.fromkeys(commits))
    found = git.run("rev-list", "--ignore-missing", "--stdin", "--not", *known, input=asked, ok=())
    if found.code != 0:  # Another ref is broken, for example.
        told = git.run("cat-file", "--batch-check=%(objectname) %(objecttype)", input=asked, ok=()).text
        return [line.split(" ")[0] for line in told.split("\n") if line.endswith(" commit")]
    inside = set(found.text.split())
    return [commit for commit in dict.fromkeys(commits) if commit in inside]


def _same_content(git: Git, commit: Oid, own: list[str]) -> bool:
    """Whether a commit of the branch has the same files as `commit`, which was amended or rebased."""
    tree = git.text("rev-parse", f"{commit}^{{tree}}")
    shown = git.probe("log", "--format=%T", f"--max-count={_MOST}", *own, "--")
    return tree in (shown or "").split()


def _interrupted(repository: Repository, git: Git, directory: Path) -> Oid | None:
    """Makes a commit of all files if a rebase, cherry-pick or revert is in progress.

    Returns None if there is none, or if the files are those of HEAD.
    """
    if WorkingCopy(repository, directory).operation() is None:
        return None
    head = git.text("rev-parse", "--verify", "HEAD")
    with TemporaryDirectory(prefix="gitcoord-index-") as scratch:
        index = Path(scratch, "index")
        shutil.copy(git.text("rev-parse", "--path-format=absolute", "--git-path", "index"), index)
        environment = {"GIT_INDEX_FILE": str(index)}
        git.run("add", "--all", "--sparse", "--ignore-errors", environment=environment, ok=())
        tree = git.run("write-tree", environment=environment).text
    if tree == git.text("rev-parse", f"{head}^{{tree}}"):
        return None
    return commit_tree(git, tree, [head], "Uncommitted work", environment=repository.identity)


def _joined(repository: Repository, git: Git, tips: list[Oid]) -> Oid:
    tree = git.text("rev-parse", f"{tips[-1]}^{{tree}}")
    return commit_tree(git, tree, tips, "Commits of an attempt on no branch", environment=repository.identity)
