"""Stores constants that were fitted to the repository's own history, under the git directory.

The file may be deleted at any time: then the shipped constants are used, as for an unreadable file.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from gitcoord.foresight.constants import Constants, PairModels, is_named_alike, shipped_constants

_FILE: Final = Path("gitcoord") / "foresight-constants.json"


class OwnConstants(msgspec.Struct, frozen=True, kw_only=True):
    """The pair models, and the number of changes on which they were fitted."""

    changes: int
    pairs: PairModels


def load_constants(common_dir: Path) -> Constants:
    """Returns the repository's own constants if they exist and fit this version, else the shipped ones."""
    shipped = shipped_constants()
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        own = msgspec.json.decode((common_dir / _FILE).read_bytes(), type=OwnConstants)
        theirs, ours = own.pairs, shipped.pairs
        if is_named_alike(theirs.conflict.weights, ours.conflict.weights) and is_named_alike(
            theirs.share.weights, ours.share.weights
        ):
            return msgspec.structs.replace(shipped, pairs=theirs)
    return shipped


def save_constants(common_dir: Path, own: OwnConstants) -> Path:
    """Saves constants for this repository. Raises OSError."""
    path = common_dir / _FILE
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(own)))
    draft.replace(path)
    return path
