"""Repairs a checkout whose `.git`, HEAD or record in git was removed, because its files may be work."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import HEADS
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.text_lists import some
from gitcoord.worker.attempt.agent_checkout import ready
from gitcoord.worker.attempt.kept_commits import put_aside


def repair(
    repository: Repository, directory: Path, branch: str, start: Oid, *, been: Sequence[Oid] = ()
) -> str:
    """Restores the `.git` of a checkout, or git's record of it, if an earlier attempt removed or replaced it.

    Returns what it did in words; empty if nothing. Keeps a replacement of `.git` in the git directory: it may
    be a repository with work.
    Creates a missing record with HEAD on `branch`, and a missing branch at `start`. If one of the earlier
    heads `been` differs less from the files, detaches HEAD there.
    """
    copy = WorkingCopy(repository, directory)
    if copy.administration() is None and (place := _record_of(repository, directory)) is not None:
        place.mkdir(parents=True)
        (place / "commondir").write_text("../..\n")
        (place / "gitdir").write_bytes(os.fsencode(directory / ".git") + b"\n")
        (place / "HEAD").write_text(f"ref: {HEADS}{branch}\n")
        if repository.resolve(HEADS + branch) is None:
            repository.git.run("update-ref", HEADS + branch, start)
        copy.git.run("reset", "--quiet", "--mixed", ok=(0, 1))
        closest = min((HEADS + branch, *been), key=lambda one: _differing(copy, one))
        if closest != HEADS + branch:
            (place / "HEAD").write_text(f"{closest}\n")
            copy.git.run("reset", "--quiet", "--mixed", ok=(0, 1))
        ready(copy)
        return "An earlier attempt removed git's own record of the checkout; gitcoord created it again"
    if not directory.is_dir() or copy.administration() is None or not (what := copy.damage()):
        return ""
    link, kept = directory / ".git", ""
    if os.path.lexists(link):
        kept = f"; its replacement is in {put_aside(repository, link, directory.name)}"
    repository.git.run("worktree", "repair", "--", str(directory), ok=())
    return f"{what[0].upper()}{what[1:]} by an earlier attempt, and was restored{kept}"


def _differing(copy: WorkingCopy, commit: str) -> int:
    """Counts the files of the checkout that differ from `commit`."""
    listed = copy.git.run("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", commit, "--", ok=())
    return listed.text.count("\0")


def _record_of(repository: Repository, directory: Path) -> Path | None:
    """The path of git's record that the checkout's `.git` names, if no such directory exists; else None."""
    try:
        told = (directory / ".git").read_text("utf-8", "surrogateescape").strip().removeprefix("gitdir: ")
    except OSError:
        return None
    place = Path(told)
    ours = place.parent.resolve() == (repository.common_dir / "worktrees").resolve()
    return place if ours and not place.exists() else None


def repair_branch(repository: Repository, copy: WorkingCopy, branch: str, starts: Sequence[Oid]) -> str:
    """Restores the branch that is checked out if somebody deleted it (`git update-ref -d HEAD`).

    Restores it to the last position in the log of the checkout's HEAD, else to the one of `starts` that
    differs least from the files: on a later start, the base's newer changes would look reverted. If the file
    HEAD is missing, checks out `branch`. Returns what it did in words; empty if nothing.
    """
    place = copy.administration()
    if place is None:
        return ""
    head, ref = place / "HEAD", HEADS + branch
    if os.path.lexists(head):
        ref = head.read_text("utf-8", "surrogateescape").strip().removeprefix("ref: ")
        # Reading the file needs no git process.
        there = not ref.startswith(HEADS) or (repository.common_dir / ref).is_file()
        if there or repository.resolve(ref) is not None:
            return ""
    else:
        head.write_text(f"ref: {ref}\n")
        if repository.resolve(ref) is not None:
            return f"HEAD was deleted in the checkout, and is on {branch} again"
    commit = _last_seen(repository, place) or min(starts, key=lambda one: _differing(copy, one))
    repository.git.run("update-ref", ref, commit, ok=())
    return f"{ref.removeprefix(HEADS)} was deleted while it was checked out, and is at {commit[:12]} again"


def show_hidden_files(copy: WorkingCopy, say: Callable[[str], None]) -> None:
    """Clears the flags by which an agent made git skip changed files, and names these with `say`."""
    if shown := copy.show_hidden():
        say(f"the agent told git to treat files as unchanged; git reads them again: {some(shown)}")


def _last_seen(repository: Repository, place: Path) -> Oid:
    """The newest existing commit in the log of a checkout's HEAD; empty if there is none."""
    with suppress(OSError):
        for line in reversed((place / "logs/HEAD").read_text("utf-8", "replace").splitlines()):
            commit = line.split(" ", 2)[1]
            if commit.strip("0") and repository.resolve(commit) is not None:
                return commit
    return ""
