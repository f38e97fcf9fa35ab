"""Plays seeds until one has a violation, with the gitcoord of the current directory; prints it as JSON."""

import json
import sys
import tempfile
from pathlib import Path

import gitcoord
from tests.soak.__main__ import play_all
from tests.soak.playing import runs

_LONGEST_RUN = 60.0


def main() -> None:
    """The command: `[--adopted] SEED …`."""
    adopted = sys.argv[1:2] == ["--adopted"]
    assert Path(gitcoord.__file__).is_relative_to(Path.cwd()), gitcoord.__file__
    runs.LONGEST_RUN = _LONGEST_RUN
    played = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as place:
        for outcome in play_all(map(int, sys.argv[1 + adopted :]), Path(place), adopted):
            played += 1
            if outcome.violations:
                red = {"seed": outcome.seed, "violation": outcome.violations[0]}
                print(json.dumps({"played": played, **red}))
                return
    print(json.dumps({"played": played, "seed": None, "violation": ""}))


if __name__ == "__main__":
    main()
