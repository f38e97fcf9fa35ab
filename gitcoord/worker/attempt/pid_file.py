"""Records the process of a worker before it claims its attempt, so that a dead worker is recognized."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gitcoord.event_stamp import worker_name
from gitcoord.path_search import matching_paths

if TYPE_CHECKING:
    import psutil

_FILE, _CLAIMING = "worker.json", "claiming-"


def announce(place: Path) -> None:
    """Records that this process is about to claim the attempt with the directory `place`."""
    from gitcoord.engines.processes import in_directory, myself, write_down

    in_directory(place, lambda: write_down(_claiming(place), myself()))


def record_worker(place: Path) -> None:
    """Records after the claim that this process is the attempt's worker, even if its record was removed."""
    try:
        _claiming(place).replace(place / _FILE)
    except FileNotFoundError:
        announce(place)
        _claiming(place).replace(place / _FILE)


def withdraw(place: Path) -> None:
    """Removes the record of this process after its claim was refused."""
    _claiming(place).unlink(missing_ok=True)
    with suppress(OSError):  # the directory is not empty, or somebody removed it
        place.rmdir()


def worker_at(place: Path) -> "psutil.Process | None":
    """The process that works on the attempt or claims it, if it is alive on this machine; else None."""
    files = _files(place)
    if not files:
        return None
    from gitcoord.engines.processes import find, written_down  # not needed if nothing was recorded

    alive = [process for file in files if (known := written_down(file)) and (process := find(known))]
    return alive[0] if alive else None


def is_recorded(place: Path) -> bool:
    """Whether a worker of the attempt is on record; somebody may have removed the record."""
    return bool(_files(place))


def died_here(place: Path) -> bool:
    """Whether the attempt's worker ran on this machine and is dead."""
    return bool(_files(place)) and worker_at(place) is None


def held_here(place: Path, by: str, *, seen_to_end: bool) -> bool:
    """Whether the worker `by`, which the journal names for the attempt, was a process of this machine.

    `seen_to_end`: its supervisor saw it end. If a worker is alive all the same, that is another one, which
    somebody started manually: then returns False.
    """
    held = (place / _FILE).exists() or (bool(_files(place)) and by == worker_name())
    return held and not (seen_to_end and worker_at(place) is not None)


def _claiming(place: Path) -> Path:
    return place / f"{_CLAIMING}{os.getpid()}.json"


def _files(place: Path) -> list[Path]:
    own = [place / _FILE] if (place / _FILE).exists() else []
    return own or sorted(matching_paths(place, f"{_CLAIMING}*.json"))
