"""One of many processes that try to create the same ref: `main(CLONE, REF, COMMIT)`."""

from pathlib import Path

from gitcoord.git.repository import Repository
from gitcoord.git.shared import RefUpdate, SharedRefs


def main(clone: str, ref: str, commit: str) -> None:
    shared = SharedRefs(Repository.discover(Path(clone)), "refs/gitcoord/")
    print("won" if shared.publish([RefUpdate(ref, None, commit)]) else "lost")
