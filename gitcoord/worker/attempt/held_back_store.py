"""Keeps an agent's files that were held back from commits, and says why there is nothing to submit.

`worker/hold_back_rules.py` decides which files are held back.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.text_lists import some
from gitcoord.worker.attempt.agent_result import agent_words
from gitcoord.worker.attempt.exchange_files import EXCHANGE
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.attempt.surroundings import file_mark

_LIST, _COPIED = "gitcoord-held-back", "gitcoord-held-copied"


def record_held_back(copy: WorkingCopy, paths: Sequence[str]) -> None:
    """Records in git's directory of the checkout that these files were held back from the commit."""
    place = copy.administration()
    if place is not None:
        (place / _LIST).write_bytes(b"\0".join(map(os.fsencode, paths)))


def held_back_files(copy: WorkingCopy) -> tuple[str, ...]:
    """The files of the checkout that were held back from the commit."""
    place = copy.administration()
    if place is None or not (place / _LIST).is_file():
        return ()
    return tuple(os.fsdecode(path) for path in (place / _LIST).read_bytes().split(b"\0") if path)


def move_held_back(repository: Repository, directory: Path) -> Path | None:
    """Moves held-back files to the git directory before their checkout is removed.

    Returns their new directory; None if there are none.
    """
    copy = WorkingCopy(repository, directory)
    paths = [path for path in held_back_files(copy) if os.path.lexists(directory / path)]
    if not paths:
        return None
    aside = _directory_for(repository, directory)
    for path in paths:
        (aside / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(directory / path, aside / path)
    return aside


def copy_before_next(repository: Repository, copy: WorkingCopy, paths: Sequence[str]) -> Path | None:
    """Copies files to the git directory before another agent begins; returns the directory of the copies.

    Returns None if there are no files, or if an earlier call copied the same ones.
    """
    place = copy.administration()
    if place is None or not paths:
        return None
    marks = "\0".join(f"{path}\0{file_mark(copy.directory / path)}" for path in paths)
    done = place / _COPIED
    if done.is_file() and done.read_bytes() == os.fsencode(marks):
        return None
    aside = _directory_for(repository, copy.directory)
    for path in paths:
        (aside / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(copy.directory / path, aside / path)
    done.write_bytes(os.fsencode(marks))
    return aside


def _directory_for(repository: Repository, checkout: Path) -> Path:
    above = repository.common_dir / "gitcoord-kept" / "held-back"
    above.mkdir(parents=True, exist_ok=True)
    return Path(mkdtemp(prefix=f"{checkout.name}-", dir=above))


def why_nothing_to_submit(copy: WorkingCopy) -> str:
    """Says why there is nothing to submit, as the end of a sentence; empty if no reason is known.

    Names held-back files, the agent's own result, and files that git ignores.
    """
    options = ("--porcelain", "-z", "--ignored=traditional", "--untracked-files=normal")
    fields = copy.git.text("status", *options).split("\0")
    given = ProvidedFiles(copy)
    ignored = [
        path
        for path in (field[3:] for field in fields if field.startswith("!! "))
        if path != f"{EXCHANGE}/" and not given.holds(path)
    ]
    told = [f"held back: {some(held)}"] if (held := held_back_files(copy)) else []
    told += [f"the agent says: {said}"] if (said := agent_words(copy.directory)) else []
    told += [f"git ignores {some(ignored)} (`git check-ignore -v PATH` says why)"] if ignored else []
    return f"; {'; '.join(told)}" if told else ""
