"""A place where a client is run: its clone, how it signs in, and its operator, who mends that."""

from pathlib import Path

from tests.soak.drawing.surroundings import SignIn
from tests.soak.playing.world import clone
from tests.support.github.apps import EVERYTHING, App
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.repository import EmulatedRepository
from tests.support.github.tokens import Level, Token
from tests.support.repos import Repo, hermetic_environment
from tests.support.tasklists import task, write_tasks

_FINE_GRAINED: dict[str, Level] = {name: level for name, level in EVERYTHING.items() if name != "metadata"}
_SHORT_LIFE = 301.0
"""Tokens with less than 300 seconds left are replaced: within a second these are."""


class Desk:
    """A clone in `place` with what a client finds in its environment."""

    def __init__(
        self, name: str, place: Path, hub: GitHubEmulator, app: EmulatedRepository, sign_in: SignIn
    ) -> None:
        self.name = name
        self.place = place / name
        for part in ("desk", "home", "tmp"):
            (self.place / part).mkdir(parents=True)
        self._hub = hub
        self._sign_in: SignIn = sign_in
        self._api_url = hub.url
        self._app = self._install(app) if sign_in.endswith("app") else None
        self._tokens = [] if self._app else [self._make_token()]
        self.clone = Repo(self.place / "desk")

    def begin(self, remote: Repo, url: str, tasks: list[dict[str, object]] | None, settings: str) -> None:
        """Clones, and puts the settings in, and the task list where there is one."""
        self.clone = clone(remote, self.place / "desk", url)
        (self.clone.path / ".git/info/exclude").write_text(".taskmaster\ngitcoord.toml\n")
        if tasks is not None:
            write_tasks(self.clone.path, tasks)
        self.configure(settings)

    def configure(self, settings: str) -> None:
        """Writes the settings."""
        (self.clone.path / "gitcoord.toml").write_text(settings)

    def use_enterprise(self) -> None:
        """Asks the host as one would ask a GitHub Enterprise Server."""
        self._api_url = f"{self._hub.url}/api/v3"

    @property
    def secrets(self) -> list[str]:
        """What must never be seen: tokens, and a line of the key."""
        if self._app is None:
            return [token.text for token in self._tokens]
        return [*(token.text for token in self._app.tokens), self._app.private_key.splitlines()[3]]

    @property
    def environment(self) -> dict[str, str]:
        """What the next client gets."""
        found = {
            **hermetic_environment(self.place / "home"),
            **self._hub.environment(self._tokens[-1] if self._tokens else None),
            "GITHUB_API_URL": self._api_url,
            "TMPDIR": str(self.place / "tmp"),
            # The words that every git process is started with, those of its own children too.
            "GIT_TRACE2_EVENT": str(self.place / "argv.log"),
            "GIT_TRACE_REDACT": "0",
        }
        if self._app is not None:
            del found["GITHUB_TOKEN"]
            found["GITCOORD_APP_ID"] = str(self._app.id)
            found["GITCOORD_APP_PRIVATE_KEY"] = self._app.private_key.replace("\n", "\\n")
        return found

    def mend(self) -> str:
        """What an operator does after a run: a new token, a permission given back; says what it was."""
        if self._app is not None:
            lost = EVERYTHING.keys() - self._app.permissions.keys()
            self._app.permissions.update(EVERYTHING)
            return f"{self.name}: the App gets back {', '.join(lost)}" if lost else ""
        token = self._tokens[-1]
        lost = _FINE_GRAINED.keys() - (token.permissions or _FINE_GRAINED).keys()
        if not token.is_valid:
            self._tokens.append(self._make_token())
            return f"{self.name}: a new token"
        if lost and token.permissions is not None:
            token.permissions.update(_FINE_GRAINED)
            return f"{self.name}: the token gets back {', '.join(lost)}"
        return ""

    def _make_token(self) -> Token:
        if self._sign_in == "fine-grained":
            return self._hub.make_token("fine-grained", **_FINE_GRAINED)
        return self._hub.make_token()

    def _install(self, app: EmulatedRepository) -> App:
        robot = self._hub.make_app(app.full_name, id=10_000 + app.id)
        robot.lifetime = _SHORT_LIFE if self._sign_in == "short-lived app" else robot.lifetime
        return robot


def task_list(scenario_works: list[tuple[str, tuple[str, ...]]]) -> list[dict[str, object]]:
    """The tasks as TaskMaster writes them, from their ids and what they need."""
    return [task(id, depends_on=needs) for id, needs in scenario_works]
