"""Where an attempt keeps its things on this machine: checkout, log, prompt, and the mark of its processes."""

import os
import re
from pathlib import Path

from gitcoord.engines.engine import key_of
from gitcoord.git.repository import Repository
from gitcoord.tasks.model import TaskId


def run_directory(common_dir: Path, generation: int) -> Path:
    """What attempts leave on this machine: a directory for each key, under the git directory.

    Each generation of the task list has its own, because its attempts are counted from 1 again.
    """
    return common_dir / "gitcoord" / ("run" if generation == 1 else f"run-{generation}")


def attempt_directory(common_dir: Path, generation: int, unit: TaskId, attempt: int) -> Path:
    """The attempt's own directory: its log, its prompt, and what its engine keeps."""
    return run_directory(common_dir, generation) / key_of(unit, attempt)


def newest_attempt(common_dir: Path, checkout: Path) -> Path | None:
    """The directory of the newest attempt made on this machine in a checkout, whatever its generation."""
    name, found = checkout.name, list[tuple[int, Path]]()
    owners = [(1, name)]
    if later := re.fullmatch(r"(.+)-g(\d+)", name):
        owners.append((int(later[2]), later[1]))
    for generation, key in owners:
        for place in run_directory(common_dir, generation).glob(f"{key}-*"):
            number = place.name.removeprefix(f"{key}-")
            found += [(int(number), place)] if number.isdecimal() else []
    return max(found)[1] if found else None


def checkout_directory(repository: Repository, generation: int, unit: TaskId, worktrees: str = "") -> Path:
    """The unit's checkout, the same for each attempt; `worktrees` is the setting, relative to the repository.

    The default lies beside the repository, where no tool that walks the project finds it.
    """
    own = repository.common_dir.parent if repository.common_dir.name == ".git" else repository.common_dir
    above = own / worktrees if worktrees else own.with_name(f"{own.name}.gitcoord")
    of = "" if generation == 1 else f"-g{generation}"
    return Path(os.path.abspath(above / (key_of(unit, 0).removesuffix("-0") + of)))  # noqa: PTH100 - links stay
