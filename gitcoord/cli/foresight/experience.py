"""Reads the experience with the repository's own tasks, of this task list and of earlier ones.

For the current list it comes from the plan and the journal; for earlier lists from a file under the git
directory, which may be deleted at any time.
"""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gitcoord.planning.experience import Experience

if TYPE_CHECKING:
    from gitcoord.cli.context import Context

_FILE: Final = Path("gitcoord") / "experience.json"
_MOST_LISTS: Final = 20


class ExperienceFile(msgspec.Struct, frozen=True, kw_only=True):
    """The experience with each task list, by the number of its generation."""

    lists: dict[int, Experience] = {}


def read_experience(context: "Context", *, saves: bool = False) -> Experience:
    """Returns the experience with all task lists; `saves` stores that of the current list."""
    known = _read(context.repository.common_dir)
    store = context.store
    plan = store.plan()
    if plan is not None and plan.generation == store.generation and store.progress():
        from gitcoord.progress.experience import experience_of

        events = [entry.event for entry in store.journal() if entry.event is not None]
        now = experience_of(plan, events)
        before = known.get(plan.generation)
        if now != (before or Experience()):
            known[plan.generation] = now
            if saves:
                _write(context.repository.common_dir, known)
    return Experience(
        units=tuple(one for part in known.values() for one in part.units),
        pairs=tuple(one for part in known.values() for one in part.pairs),
    )


def _read(common_dir: Path) -> dict[int, Experience]:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        return dict(msgspec.json.decode((common_dir / _FILE).read_bytes(), type=ExperienceFile).lists)
    return {}


def _write(common_dir: Path, lists: dict[int, Experience]) -> None:
    """Stores the newest lists; ignores a directory that cannot be written."""
    newest = dict(sorted(lists.items())[-_MOST_LISTS:])
    path = common_dir / _FILE
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        draft.write_bytes(msgspec.json.encode(ExperienceFile(lists=newest)))
        draft.replace(path)
