"""The paths of an attempt on this machine: its checkout, and its directory with log and prompt."""

import os
import re
from pathlib import Path

from gitcoord.engines.engine import key_of
from gitcoord.git.repository import Repository
from gitcoord.path_search import matching_paths
from gitcoord.tasks.model import TaskId


def run_directory(common_dir: Path, generation: int) -> Path:
    """The directory under the git directory that has a directory for each attempt, named by its key.

    Each generation of the task list has its own, because its attempts are numbered from 1 again.
    """
    return common_dir / "gitcoord" / ("run" if generation == 1 else f"run-{generation}")


def attempt_directory(common_dir: Path, generation: int, unit: TaskId, attempt: int) -> Path:
    """The attempt's own directory: its log, its prompt, and the records of its engine."""
    return run_directory(common_dir, generation) / key_of(unit, attempt)


def newest_attempt(common_dir: Path, checkout: Path) -> Path | None:
    """The directory of the newest attempt in a checkout here, in any generation; None if there was none."""
    name, found = checkout.name, list[tuple[int, Path]]()
    owners = [(1, name)]
    if later := re.fullmatch(r"(.+)-g(\d+)", name):
        owners.append((int(later[2]), later[1]))
    for generation, key in owners:
        for place in matching_paths(run_directory(common_dir, generation), f"{key}-*"):
            number = place.name.removeprefix(f"{key}-")
            found += [(int(number), place)] if number.isdecimal() else []
    return max(found)[1] if found else None


def checkout_directory(repository: Repository, generation: int, unit: TaskId, worktrees: str = "") -> Path:
    """The directory of the unit's checkout, the same for each attempt; `worktrees` is the setting.

    The default is beside the repository, where tools that walk the project do not find it.
    """
    own = repository.common_dir.parent if repository.common_dir.name == ".git" else repository.common_dir
    above = own / worktrees if worktrees else own.with_name(f"{own.name}.gitcoord")
    of = "" if generation == 1 else f"-g{generation}"
    return Path(os.path.abspath(above / (key_of(unit, 0).removesuffix("-0") + of)))  # noqa: PTH100 - links stay
