"""Looking for tokens, byte by byte, in everything that a client printed, stored, or passed to a process."""

import base64
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

ALL_OBJECTS = ("cat-file", "--batch-all-objects", "--batch", "--buffer")


class Search:
    """Searches for some tokens; `bytes` counts what was searched, `found` says where they were."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self.bytes = 0
        self.found: list[str] = []
        self._needles = [needle for token in tokens for needle in _forms(token)]

    def files(self, root: Path) -> None:
        """Every file below a directory, as it lies there."""
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                self.data(path.read_bytes(), str(path))

    def objects(self, repository: Path) -> None:
        """Every object of a repository, unpacked, reachable or not."""
        ended = subprocess.run(["git", *ALL_OBJECTS], cwd=repository, capture_output=True, check=True)
        self.data(ended.stdout, f"an object in {repository}")

    def data(self, data: bytes, where: str) -> None:
        """These bytes."""
        self.bytes += len(data)
        if any(needle in data for needle in self._needles):
            self.found.append(where)


def _forms(token: str) -> Iterator[bytes]:
    yield token.encode()
    for login in (f"x-access-token:{token}", f":{token}", f"{token}:"):
        yield base64.b64encode(login.encode()).rstrip(b"=")[:-1]
    yield base64.b64encode(token.encode()).rstrip(b"=")[:-1]
