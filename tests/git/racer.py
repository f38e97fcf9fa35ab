"""One of many processes that try to create the same ref: `python -m tests.git.racer CLONE REF COMMIT`."""

import sys
from pathlib import Path

from gitcoord.git.repository import Repository
from gitcoord.git.shared import SharedRefs, Update


def main(clone: str, ref: str, commit: str) -> None:
    shared = SharedRefs(Repository.discover(Path(clone)), "refs/gitcoord/")
    print("won" if shared.publish([Update(ref, None, commit)]) else "lost")


if __name__ == "__main__":
    main(*sys.argv[1:])
