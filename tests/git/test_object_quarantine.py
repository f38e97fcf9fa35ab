"""Temporary places for objects: they go with their process, however that ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

from gitcoord.git.object_quarantine import scratch_directory, sweep

HOLD = """
import os, sys
from gitcoord.git.object_quarantine import scratch_directory
with scratch_directory() as place:
    print(place, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_goes_and_what_a_living_one_holds_stays() -> None:
    long_ago = time.time() - 3600
    with (
        scratch_directory() as mine,
        subprocess.Popen(
            [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
    ):
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        for place in (Path(mine), theirs):
            (place / "ab").mkdir()
            os.utime(place, (long_ago, long_ago))
        sweep(theirs.parent)
        assert (theirs / "ab").is_dir()
        assert (Path(mine) / "ab").is_dir()
        other.kill()
        other.wait()
        assert (theirs / "ab").is_dir()
        sweep(theirs.parent)
        assert not theirs.exists()
        assert Path(mine).exists()
    assert not Path(mine).exists()


def test_a_place_that_is_younger_than_its_lock_may_be_stays(tmp_path: Path) -> None:
    young = tmp_path / "gitcoord-objects-young"
    young.mkdir()
    sweep(tmp_path)
    assert young.exists()
