"""The emulated GitHub as tests hold it: its repositories, faults, hooks, and the log of what was asked."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from tests.support.github.apps import EVERYTHING, App
from tests.support.github.exchange import ApiError
from tests.support.github.faults import Fault, Faults
from tests.support.github.hands import Hand, Hands
from tests.support.github.hooks import Hook, Hooks
from tests.support.github.limits import PrimaryLimit, secondary
from tests.support.github.postponed import Waiting
from tests.support.github.repository import EmulatedRepository
from tests.support.github.server import LoopbackServer, RawRequest
from tests.support.github.stale import Replica
from tests.support.github.tokens import Kind, Level, Token, make_text, sender
from tests.support.github.validation import Description, Violation

TOKEN = "ghp_" + "e" * 36
Latency = Callable[[], float]


@dataclass(frozen=True)
class LoggedRequest:
    """A request that came in; `status` is None when it got no answer, `by` tells tokens apart.

    `at` is the monotonic clock when it was answered, `served` when it took effect, or what it shows was read;
    0 when it was not, or shows something older. One that is to take effect later was served when it came in.
    """

    method: str
    path: str
    status: int | None
    by: str = ""
    at: float = 0.0
    served: float = 0.0

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status or 'no answer'}"


class GitHubEmulator:
    """A GitHub on loopback; a context manager, running while it is open."""

    def __init__(self, root: Path, *, token: str = TOKEN) -> None:
        self.root = root
        self.token = token
        self.faults = Faults()
        self.hooks = Hooks()
        self.hands = Hands()
        self.postponed = Waiting()
        """Requests that lost their connection, and are still to take effect."""
        self.header_case: Literal["lower", "title", "upper"] = "lower"
        """How the names of headers are written: proxies rewrite them, and to HTTP they are all the same."""
        self.log: list[LoggedRequest] = []
        self.violations: list[Violation] = []
        self.repositories: dict[str, EmulatedRepository] = {}
        self._renamed: dict[str, EmulatedRepository] = {}
        self.tokens = {token: Token(token)}
        self.apps: dict[str, App] = {}
        self.limit = PrimaryLimit()
        self.replica = Replica()
        self.latency: Latency = lambda: 0.0
        """How many seconds the next request is on its way."""
        self.description = Description.load()
        self._lock = threading.Lock()
        self._server = LoopbackServer(self)

    @property
    def url(self) -> str:
        """Where it listens: the root of the REST API and of the repositories."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def make_repository(self, full_name: str, *, default_branch: str = "main") -> EmulatedRepository:
        """A new, empty repository."""
        repository = EmulatedRepository(
            id=1000 + len(self.repositories),
            full_name=full_name,
            git_dir=self.root / f"{full_name}.git",
            url=self.url,
            token=self.token,
            default_branch=default_branch,
        )
        self.repositories[full_name] = repository
        return repository

    def repository(self, full_name: str) -> EmulatedRepository:
        """The repository of that name."""
        return self.repositories[full_name]

    def rename(self, old: str, new: str) -> None:
        """Renames a repository: the old name is redirected from now on, as GitHub does."""
        repository = self.repositories.pop(old)
        (self.root / f"{new}.git").parent.mkdir(parents=True, exist_ok=True)
        (self.root / f"{new}.git").symlink_to(repository.git_dir)
        repository.full_name = new
        self.repositories[new] = self._renamed[old] = repository
        for app in self.apps.values():
            app.repositories = tuple(new if name == old else name for name in app.repositories)

    def make_token(self, kind: Kind = "classic", **permissions: Level) -> Token:
        """A further token; one that is not classic may do what `permissions` say, and nothing else."""
        granted = None if kind == "classic" else permissions
        token = Token(make_text(kind, len(self.tokens)), kind, granted)
        self.tokens[token.text] = token
        return token

    def make_actions_token(self, **permissions: Level) -> Token:
        """A token as a workflow of GitHub Actions gets it."""
        token = self.make_token("installation", **(permissions or EVERYTHING))
        token.is_actions, token.login = True, "github-actions[bot]"
        return token

    def make_app(self, *repositories: str, id: int = 4711, **permissions: Level) -> App:
        """A GitHub App that is installed on these repositories; see App for what it may by default."""
        app = App(id, id * 10, repositories)
        app.permissions = permissions or app.permissions
        self.apps[str(id)] = app
        return app

    def token_of(self, text: str) -> Token:
        """For the server: the token with this text; GitHub's 401 when it is not valid."""
        token = self.tokens.get(text)
        if token is None or not token.is_valid:
            raise ApiError(401, "Bad credentials")
        return token

    def environment(self, token: Token | None = None) -> dict[str, str]:
        """What a process needs in its environment to use this GitHub."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_TOKEN": token.text if token else self.token,
            "GITCOORD_API_PACE": "0",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def fault(self, request: str, kind: str, **settings: object) -> Fault:
        """Sets a fault; see Fault for what it takes."""
        return self.faults.add(Fault(request, kind, **settings))  # type: ignore[arg-type]

    def secondary_limit(
        self, request: str, *, status: int = 403, retry_after: int | None = None, times: int = 1
    ) -> Fault:
        """Refuses requests because there were too many at once."""
        answer = secondary(status, retry_after)
        return self.fault(
            request, "status", status=status, body=answer.body, headers=answer.headers, times=times
        )

    def not_yet_there(self, request: str, *, times: int = 1) -> Fault:
        """Does not find what was made a moment ago."""
        return self.fault(
            request, "status", status=404, body=ApiError(404, "Not Found").answer.body, times=times
        )

    def when(self, request: str, act: Callable[[], None], **settings: object) -> Hand:
        """Lets somebody act at a chosen request; see Hand for what it takes."""
        return self.hands.add(Hand(request, act, **settings))  # type: ignore[arg-type]

    def on(self, name: str, hook: Hook) -> None:
        """Steps in at a named place, once."""
        self.hooks.on(name, hook)

    def requests(self, pattern: str) -> list[LoggedRequest]:
        """The requests so far whose `METHOD /path` contains a match of `pattern`."""
        return [entry for entry in self.log if re.search(pattern, f"{entry.method} {entry.path}")]

    def assert_clean(self) -> None:
        """Fails when GitHub's description was broken, or a pull request was merged more than once."""
        assert not self.violations, "\n".join(map(str, self.violations))
        twice = [
            f"{repository.full_name}#{number} was merged {times} times"
            for repository in self.repositories.values()
            for number, times in repository.merges.items()
            if times > 1
        ]
        assert not twice, "\n".join(twice)

    def record(self, raw: RawRequest, status: int | None, served: float) -> None:
        """For the server: notes a request in the log."""
        by = sender(self.tokens, raw.authorization)
        with self._lock:
            self.log.append(LoggedRequest(raw.method, raw.path, status, by, time.monotonic(), served))

    def find(self, full_name: str) -> EmulatedRepository | None:
        """For the server: the repository that goes by this name."""
        return self.repositories.get(full_name)

    def moved_to(self, full_name: str) -> EmulatedRepository | None:
        """For the server: the repository that went by this name before."""
        return None if full_name in self.repositories else self._renamed.get(full_name)

    def violate(self, raw: RawRequest, status: int | None, problem: str) -> None:
        """For the server: notes that GitHub's description was broken."""
        with self._lock:
            self.violations.append(Violation(f"{raw.method} {raw.path}", status, problem))
