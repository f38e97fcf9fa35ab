"""Files that a checkout gets before its agent begins: copied from the user's checkout, or made by the setup.

They are not work. The agent's git ignores them, no worker commits them, and a commit that contains a copied
file is not submitted.
"""

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy

INCLUDE = ".worktreeinclude"
"""A file with patterns of files to copy, which other worktree tools read, too."""
_CARRIED, _MADE = "gitcoord-carried", "gitcoord-made"
_MOST_FILES = 500
"""If the setup made more files than this, their directories are recorded instead."""


def carry_in(
    repository: Repository, copy: WorkingCopy, patterns: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Copies untracked files of the user's checkout that match `patterns` (as in .gitignore) to `copy`.

    Keeps files that already exist there. Returns the matching files without those that the checkout tracks,
    and the files left out because a link would lead them out of the checkout.
    """
    root = repository.root
    if root is None:
        return [], []
    carried, outside = [], []
    for path in _matching(repository.git.at(root), root, patterns):
        target = copy.directory / path
        if not target.parent.resolve().is_relative_to(copy.directory.resolve()):
            outside.append(path)
            continue
        if not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, target, follow_symlinks=False)
        carried.append(path)
    known = set(_listed(copy.git, "ls-files", "-z", "--", *carried)) if carried else set()
    carried = [path for path in carried if path not in known]
    _write(copy, _CARRIED, carried)
    return carried, outside


def note_made(copy: WorkingCopy) -> list[str]:
    """Records and returns the untracked files that the setup made; if too many, their directories."""
    asked = ("ls-files", "--others", "--exclude-standard", "-z")
    made = _listed(copy.git, *asked)
    if len(made) > _MOST_FILES:
        made = _listed(copy.git, *asked, "--directory")
    carried = set(_read(copy, _CARRIED))
    made = [path for path in made if path not in carried]
    _write(copy, _MADE, made)
    return made


class ProvidedFiles:
    """The files that the checkout `copy` was given."""

    def __init__(self, copy: WorkingCopy) -> None:
        self.carried = _read(copy, _CARRIED)
        self._made = _read(copy, _MADE)

    def __bool__(self) -> bool:
        return bool(self.carried or self._made)

    def holds(self, path: str) -> bool:
        """Whether `path` was given to the checkout."""
        return any(path == one or (one.endswith("/") and path.startswith(one)) for one in self._all())

    def committed(self, git: Git, since: Oid, head: Oid) -> list[str]:
        """The copied files that the commits after `since`, up to `head`, add."""
        if not self.carried or since == head:
            return []
        asked = ("log", "--format=", "--name-only", "--diff-filter=A", "-z", f"{since}..{head}")
        return sorted(set(_listed(git, *asked)) & set(self.carried))

    def exclude(self, git: Git, file: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Writes the user's ignore patterns and the given files to `file`.

        Returns the environment in which git ignores what is in `file`; empty if there are no given files.
        """
        if not self:
            return {}
        own = git.probe("config", "--type=path", "--get", "core.excludesFile")
        home = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        text = b""
        with suppress(OSError):
            text = Path(own or f"{home}/git/ignore").read_bytes()
        lines = [os.fsencode(f"/{_literal(path)}\n") for path in self._all() if "\n" not in path]
        file.write_bytes(text + b"\n" + b"".join(lines))
        count = environ.get("GIT_CONFIG_COUNT", "")
        number = int(count) if count.isdecimal() else 0
        return {
            "GIT_CONFIG_COUNT": str(number + 1),
            f"GIT_CONFIG_KEY_{number}": "core.excludesFile",
            f"GIT_CONFIG_VALUE_{number}": str(file),
        }

    def _all(self) -> Iterable[str]:
        return (*self.carried, *self._made)


def _literal(path: str) -> str:
    """The .gitignore pattern that matches only `path`."""
    return re.sub(r"([\\*?\[\]!# ])", r"\\\1", path)


def _matching(git: Git, root: Path, patterns: Sequence[str]) -> list[str]:
    include = root / INCLUDE
    sources = [str(include)] if include.is_file() else []
    with NamedTemporaryFile("wb", prefix="gitcoord-carry-") as file:
        file.write(b"".join(os.fsencode(f"{pattern}\n") for pattern in patterns))
        file.flush()
        sources += [file.name] if patterns else []
        if not sources:
            return []
        # Git itself matches the patterns. It lists a nested repository as a directory, which is left out.
        options = [f"--exclude-from={source}" for source in sources]
        found = _listed(git, "ls-files", "--others", "--ignored", "-z", *options)
    return [path for path in found if not path.endswith("/") and not path.startswith(".gitcoord/")]


def _listed(git: Git, *arguments: str) -> list[str]:
    return [path for path in git.text(*arguments).split("\0") if path]


def _write(copy: WorkingCopy, name: str, paths: Sequence[str]) -> None:
    place = copy.administration()
    if place is not None:
        (place / name).write_bytes(b"\0".join(map(os.fsencode, paths)))


def _read(copy: WorkingCopy, name: str) -> tuple[str, ...]:
    place = copy.administration()
    if place is None or not (place / name).is_file():
        return ()
    return tuple(os.fsdecode(path) for path in (place / name).read_bytes().split(b"\0") if path)
