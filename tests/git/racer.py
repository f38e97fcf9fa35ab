"""One of many processes that try to create the same ref: `main(CLONE, REF, COMMIT)`."""

from pathlib import Path

from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import RefUpdate, SharedRefs


def main(clone: str, ref: str, commit: str) -> None:
    shared = SharedRefs(locate(Path(clone)).open(), "refs/gitcoord/")
    print("won" if shared.publish([RefUpdate(ref, None, commit)]) else "lost")
