"""Which worker is at an attempt on this machine, written down before it claims: a dead one is known so."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gitcoord.state.journal import worker_name

if TYPE_CHECKING:
    import psutil

_FILE, _CLAIMING = "worker.json", "claiming-"


def announce(place: Path) -> None:
    """Writes down that this process is about to claim the attempt at `place`."""
    from gitcoord.engines.processes import in_directory, myself, write_down

    in_directory(place, lambda: write_down(_claiming(place), myself()))


def take_seat(place: Path) -> None:
    """The claim was won: this process is the attempt's worker, whatever somebody removed meanwhile."""
    try:
        _claiming(place).replace(place / _FILE)
    except FileNotFoundError:
        announce(place)
        _claiming(place).replace(place / _FILE)


def withdraw(place: Path) -> None:
    """The claim was not won."""
    _claiming(place).unlink(missing_ok=True)
    with suppress(OSError):  # there is more in it, or somebody removed it
        place.rmdir()


def worker_at(place: Path) -> "psutil.Process | None":
    """The worker of the attempt, if it is alive on this machine."""
    files = _files(place)
    if not files:
        return None
    from gitcoord.engines.processes import find, written_down  # not where nobody ever was at work

    alive = [process for file in files if (known := written_down(file)) and (process := find(known))]
    return alive[0] if alive else None


def is_recorded(place: Path) -> bool:
    """Whether it is written down who is or was at the attempt; somebody may have removed that."""
    return bool(_files(place))


def died_here(place: Path) -> bool:
    """Whether the attempt's worker was on this machine, and is not alive any more."""
    return bool(_files(place)) and worker_at(place) is None


def held_here(place: Path, by: str, *, seen_to_end: bool) -> bool:
    """Whether the attempt that the journal says is held `by` somebody was that of a worker that ended here.

    `seen_to_end`: its supervisor was there, so that a worker that lives is another one, begun by hand.
    """
    held = (place / _FILE).exists() or (bool(_files(place)) and by == worker_name())
    return held and not (seen_to_end and worker_at(place) is not None)


def _claiming(place: Path) -> Path:
    return place / f"{_CLAIMING}{os.getpid()}.json"


def _files(place: Path) -> list[Path]:
    own = [place / _FILE] if (place / _FILE).exists() else []
    return own or sorted(place.glob(f"{_CLAIMING}*.json"))
