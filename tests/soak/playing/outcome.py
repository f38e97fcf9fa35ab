"""What came of a scenario, and what killed clients have left of it."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.playing.runs import Counts


@dataclass
class Outcome:
    """What came of a scenario."""

    seed: int
    violations: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    dimensions: tuple[str, ...] = ()
    rolled_back: int = 0
    brought_back: int = 0
    bytes: int = 0
    seconds: float = 0.0
    transcript: Path | None = None
    options: str = ""
    """What else than the seed draws it again."""


def forget_logins(place: Path) -> None:
    """Ends the credential caches that killed clients have left."""
    for socket in place.glob("*/tmp/gitcoord-login-*/socket"):
        subprocess.run(
            ["git", "credential-cache", f"--socket={socket}", "exit"], capture_output=True, check=False
        )
