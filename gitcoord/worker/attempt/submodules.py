"""Fills the submodules of a worker's checkout when it is made, and updates them with it.

Never leaves a submodule half filled. Writes nothing to the user's configuration: enables submodules for
single git commands only. Settings that restrict them, such as for submodules from local paths, stay in
effect.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.failures import failure_of
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.gitlinks import links_without_row
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.text_lists import some

_LINK = "160000"
_WANTED = ("-c", "submodule.active=.")


class _SubmodulePlace(msgspec.Struct, frozen=True):
    """A working tree with submodules, and the places on this machine that may have their objects."""

    git: Git
    modules: Sequence[Path]

    @property
    def any(self) -> bool:
        """Whether there may be submodules; only looks for the file `.gitmodules`."""
        file = self.git.directory / ".gitmodules"
        return file.is_file() and not file.is_symlink()


def before_moving(copy: WorkingCopy) -> Oid | None:
    """Returns the commit of a checkout with submodules; None, without a git process, if it has none."""
    there = (copy.directory / ".gitmodules").is_file()
    return (
        copy.git.text("rev-parse", "--verify", "HEAD")
        if there and _SubmodulePlace(copy.git, ()).any
        else None
    )


def bring_in(repository: Repository, copy: WorkingCopy, before: Oid | None) -> None:
    """Fills the empty submodules, and updates those that changed since the commit `before` (None: no others).

    Does not fetch objects that the repository's own checkout has. Raises `submodule-failed`.
    """
    place = _SubmodulePlace(copy.git, _known_modules(repository))
    if place.any:
        moved = _moved(place.git, before) if before is not None else set()
        _fill(place, moved, "")


def problem_with(copy: WorkingCopy, since: Oid) -> str:
    """Says why changes in a submodule since the commit `since` would be lost; empty if none would be."""
    strays = links_without_row(copy.git, since, "HEAD")
    if strays:
        return f"the agent added a repository without an entry in .gitmodules: {some(strays)}"
    place = _SubmodulePlace(copy.git, ())
    if not place.any:
        return ""
    options = (
        "--porcelain=v2",
        "-z",
        "--no-renames",
        "--untracked-files=no",
        "--ignore-submodules=untracked",
    )
    for field in place.git.text("status", *options).split("\0"):
        words = field.split(" ", 8)
        if words[0] == "1" and words[2].startswith("S") and "M" in words[2]:
            return f"the submodule {words[-1]} has changes that are not committed in it"
    for path, commit in _links_since(place.git, since):
        inside = place.git.at(copy.directory / path)
        if not (copy.directory / path / ".git").exists():
            continue
        if inside.probe("rev-list", "--ignore-missing", "--max-count=1", commit, "--not", "--remotes"):
            return f"the submodule {path} has commits that were not pushed, so nobody else has them"
    return ""


def _fill(place: _SubmodulePlace, moved: set[str], above: str) -> None:
    for path, name in _listed(place.git).items():
        directory = place.git.directory / path
        known = [modules / name for modules in place.modules if _inside(modules / name, modules)]
        if path in moved or not (directory / ".git").exists():
            _update(place.git, path, above, known)
        if (directory / ".git").exists():
            inner = _SubmodulePlace(place.git.at(directory), [module / "modules" for module in known])
            if inner.any:
                _fill(inner, set(), f"{above}{path}/")


def _update(git: Git, path: str, above: str, known: Sequence[Path]) -> None:
    # Objects cannot be borrowed from a shallow repository.
    borrowed = next((one for one in known if one.is_dir() and not (one / "shallow").exists()), None)
    options = ("--reference", str(borrowed)) if borrowed is not None else ()
    command = ("submodule", "--quiet", "update", *options, "--", path)
    ended = git.run(*_WANTED, "--literal-pathspecs", *command, ok=())
    if ended.code != 0:
        raise GitcoordError(
            "submodule-failed",
            f"The submodule {above}{path} cannot be checked out in {git.directory}: {ended.reason}.",
            hint="See whether `git submodule update --init` works in your checkout: the URL, the network, "
            "your credentials, and what git allows.",
            passing=failure_of(ended.stderr).passing,
        )


def _listed(git: Git) -> Mapping[str, str]:
    """Returns the name of each submodule by path: those in both .gitmodules and the index."""
    asked = ("config", "--file", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$")
    entries = (entry.partition("\n") for entry in git.run(*asked, ok=()).text.split("\0") if entry)
    names = {path: key.removeprefix("submodule.").removesuffix(".path") for key, _, path in entries}
    links = _links(git.text("ls-files", "--stage", "-z"))
    return {path: names[path] for path in links if path in names}


def _links(listing: str) -> Iterator[str]:
    """Yields the paths of submodules in an index; leaves out conflicting ones."""
    for line in filter(None, listing.split("\0")):
        entry, _, path = line.partition("\t")
        mode, _, stage = entry.split(" ")
        if mode == _LINK and stage == "0":
            yield path


def _moved(git: Git, before: Oid) -> set[str]:
    return {
        path for path, _ in _raw(git.text("diff-index", "--cached", "--raw", "-z", "--no-renames", before))
    }


def _links_since(git: Git, since: Oid) -> list[tuple[str, Oid]]:
    return list(
        _raw(git.text("diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", since, "HEAD"))
    )


def _raw(listing: str) -> Iterator[tuple[str, Oid]]:
    """Yields path and commit of each submodule on the new side of a comparison."""
    fields = listing.split("\0")
    for entry, path in zip(fields[::2], fields[1::2], strict=False):
        words = entry.split(" ")
        if len(words) == 5 and words[1] == _LINK:
            yield path, words[3]


def _known_modules(repository: Repository) -> list[Path]:
    return [repository.common_dir / "modules"]


def _inside(place: Path, above: Path) -> bool:
    return place.resolve().is_relative_to(above.resolve())
