"""The script agent: a real program in an agent's place that does as a small JSON file says.

    agent = ScriptAgent(tmp_path / "agent")
    agent.does("3", {"sleep": 0.2}, {"write": {"three.txt": "3\\n"}}, {"commit": "Do task 3"})
    agent.does("3#2", {"exit": 1})       # on the second attempt; "3#rework" when a conflict came back
    agent.does("*", {"write": {"{id}.txt": "{id}\\n"}})          # everybody who is not named
    project.run("worker", "3", "--attempt", "1", "--agent", agent.command)
    agent.runs()                         # every start and end with its unit, attempt, time and process

Units without a script write `agent-<id>.txt` and leave it uncommitted. The moves are in `program.py`.
"""

import json
import shlex
import sys
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = Path(__file__).parent / "program.py"


class Run(NamedTuple):
    """One line of the agent's own diary: `what` is `start` or `end`, `at` the machine's monotonic time."""

    what: str
    id: str
    attempt: int
    at: float
    pid: int


class ScriptAgent:
    """Scripts for units in `directory/script.json`; the diary and what `note` saw lie beside it."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._scripts: dict[str, list[dict[str, Any]]] = {}
        self._save()

    @property
    def argv(self) -> list[str]:
        """The command as a list."""
        return [sys.executable, "-I", "-S", str(PROGRAM), str(self.directory / "script.json")]

    @property
    def command(self) -> str:
        """The command as `--agent` takes it."""
        return shlex.join(self.argv)

    def does(self, unit: str, *moves: dict[str, Any]) -> "ScriptAgent":
        """Says what the agent does for `unit` (`ID`, `ID#ATTEMPT`, `ID#rework`, or `*`)."""
        self._scripts[unit] = list(moves)
        self._save()
        return self

    def runs(self) -> list[Run]:
        """The diary, oldest first; an agent that was killed has no end in it."""
        diary = self.directory / "diary"
        lines = diary.read_text().splitlines() if diary.exists() else []
        return [Run(**json.loads(line)) for line in lines]

    def noted(self, unit: str) -> dict[str, Any]:
        """What the move `note` wrote down for `unit`: `environment`, `directory`, `prompt`, `argv`."""
        found: dict[str, Any] = json.loads((self.directory / f"note-{unit}.json").read_text())
        return found

    def _save(self) -> None:
        (self.directory / "script.json").write_text(json.dumps(self._scripts, indent=1))
