"""What happened in a scenario, in order, so that a violation can be read instead of guessed at."""

import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.support.github.emulator import LoggedRequest
from tests.support.github.faults import Fault
from tests.support.github.gitside import git_environment
from tests.support.github.repository import EmulatedRepository

_HIDDEN = "[secret]"
_LOG = ("log", "--graph", "--all", "--format=%h %cd %an: %s%d", "--date=format:%H:%M:%S")


class Transcript:
    """Notes with their times; everything in here may be called from several threads."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._parts: list[tuple[float, str]] = []

    def note(self, text: str) -> None:
        """Notes what has just happened."""
        with self._lock:
            self._parts.append((time.monotonic(), text))

    def requests(self, requests: Iterable[LoggedRequest]) -> None:
        """Notes requests, each at the time when it was answered."""
        with self._lock:
            self._parts += [(one.at, f"    {one} [{one.by}]") for one in requests]

    def ended(self, who: str, argv: Sequence[str], code: int, out: bytes, err: bytes) -> None:
        """Notes a client's run with everything that it said."""
        said = "".join(
            f"  {name}| {line}\n"
            for name, data in (("out", out), ("err", err))
            for line in data.decode(errors="replace").splitlines()
        )
        self.note(f"{who}: `gitcoord {' '.join(argv)}` ended with {code}\n{said}".rstrip())

    def faults(self, faults: Iterable[Fault]) -> None:
        """Notes which of the faults that had been set came to pass."""
        for fault in faults:
            hit = f"{fault.nth} to {fault.nth + fault.times - 1}"
            self.note(
                f"fault {fault.kind} {fault.when} {fault.request!r} nth {hit}: fired {fault.fired} times"
            )

    def write(
        self, path: Path, app: EmulatedRepository, violations: Iterable[str], secrets: Iterable[str]
    ) -> None:
        """Writes everything to a file, the secrets left out."""
        with self._lock:
            parts = sorted(self._parts, key=lambda part: part[0])
        lines = [f"{at - self._begun:8.3f} {text}" for at, text in parts]
        text = "\n".join(["VIOLATIONS", *violations, "", "WHAT HAPPENED", *lines, "", *_end_of(app)]) + "\n"
        for secret in secrets:
            text = text.replace(secret, _HIDDEN)
        path.write_text(text, encoding="utf-8")


def _end_of(app: EmulatedRepository) -> list[str]:
    history = subprocess.run(
        ["git", "--git-dir", str(app.git_dir), *_LOG], capture_output=True, env=git_environment(), check=False
    )
    pulls = [
        f"#{pull.number} {pull.head}@{pull.head_sha[:7]} {'merged' if pull.merged else pull.state} "
        f"as {(pull.merge_commit or '')[:7]}, {app.merges[pull.number]} merges, broken off: {pull.broken_off}"
        for pull in app.pulls.values()
    ]
    return ["PULL REQUESTS", *pulls, "", "HISTORY", history.stdout.decode(errors="replace")]
