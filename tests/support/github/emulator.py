"""The emulated GitHub as tests hold it: its repositories, faults, hooks, and the log of what was asked."""

import json
import re
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.github import account
from tests.support.github.call import Call
from tests.support.github.exchange import Answer, ApiError, Json, Request
from tests.support.github.faults import Fault, Faults
from tests.support.github.hooks import Hook, Hooks
from tests.support.github.merging import MergeBrokenOff
from tests.support.github.repository import EmulatedRepository
from tests.support.github.routes import find_route
from tests.support.github.server import LoopbackServer, RawRequest
from tests.support.github.validation import Description, Violation

TOKEN = "ghp_" + "e" * 36
_REPOSITORY_PATH = re.compile(r"/repos/([^/]+/[^/]+)(?:/|\Z)")
_BY_ID = re.compile(r"/repositories/(\d+)(?=/|\Z)")


@dataclass(frozen=True)
class LoggedRequest:
    """A request that came in; `status` is None when it got no answer."""

    method: str
    path: str
    status: int | None

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status or 'no answer'}"


class GitHubEmulator:
    """A GitHub on loopback; a context manager, running while it is open."""

    def __init__(self, root: Path, *, token: str = TOKEN) -> None:
        self.root = root
        self.token = token
        self.faults = Faults()
        self.hooks = Hooks()
        self.log: list[LoggedRequest] = []
        self.violations: list[Violation] = []
        self.repositories: dict[str, EmulatedRepository] = {}
        self._renamed: dict[str, EmulatedRepository] = {}
        self._description = Description.load()
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

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to use this GitHub."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_TOKEN": self.token,
            "GITCOORD_API_PACE": "0",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def fault(self, request: str, kind: str, **settings: object) -> Fault:
        """Sets a fault; see Fault for what it takes."""
        return self.faults.add(Fault(request, kind, **settings))  # type: ignore[arg-type]

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

    def record(self, method: str, path: str, status: int | None) -> None:
        """For the server: notes a request in the log."""
        with self._lock:
            self.log.append(LoggedRequest(method, path, status))

    def find(self, full_name: str) -> EmulatedRepository | None:
        """For the server: the repository that goes by this name."""
        return self.repositories.get(full_name)

    def moved_to(self, full_name: str) -> EmulatedRepository | None:
        """For the server: the repository that went by this name before."""
        return None if full_name in self.repositories else self._renamed.get(full_name)

    def answer(self, raw: RawRequest, *, break_off: bool = False) -> Answer:
        """For the server: the answer to a REST request, checked."""
        try:
            account.check_token(raw.authorization, self.token)
            body = _parse(raw.body)
            return self._answer_account(raw) or self._answer_repository(raw, body, break_off)
        except ApiError as error:
            return error.answer
        except MergeBrokenOff:
            return Answer(502, {"message": "Server Error"})
        except Exception:
            self._violate(raw, 500, f"the emulator failed:\n{traceback.format_exc()}")
            return Answer(500, {"message": "Server Error"})

    def _answer_account(self, raw: RawRequest) -> Answer | None:
        endpoint = account.ENDPOINTS.get(f"{raw.method} {raw.path}")
        if endpoint is None:
            return None
        return self._checked(raw, f"{raw.method} {raw.path}", None, lambda: endpoint(self.url))

    def _answer_repository(self, raw: RawRequest, body: Json, break_off: bool) -> Answer:
        path = _BY_ID.sub(self._name_of_id, raw.path, count=1)
        named = _REPOSITORY_PATH.match(path)
        if named is None:
            self._violate(raw, None, "is not emulated")
            raise ApiError(404, "Not Found")
        moved = self.moved_to(named[1])
        if moved is not None:
            raise _redirect(raw, path, moved)
        repository, routed = self.find(named[1]), find_route(raw.method, path)
        if repository is None:
            raise ApiError(404, "Not Found")
        if routed is None:
            self._violate(raw, None, "is not emulated")
            raise ApiError(404, "Not Found")
        route, params = routed
        request = Request(raw.method, path, raw.query, body, params, raw.prefix)
        call = Call(repository, request, self.hooks, break_off=break_off)

        def run() -> Answer:
            with repository.lock:
                repository.sync()
                return route.endpoint(call)

        return self._checked(raw, route.operation, body, run)

    def _checked(self, raw: RawRequest, operation: str, body: Json, run: Callable[[], Answer]) -> Answer:
        for problem in self._description.problems_of_request(operation, body):
            self._violate(raw, None, problem)
        try:
            answer = run()
        except ApiError as error:
            answer = error.answer
        for problem in self._description.problems_of_answer(operation, answer):
            self._violate(raw, answer.status, problem)
        return answer

    def _name_of_id(self, match: re.Match[str]) -> str:
        for repository in self.repositories.values():
            if repository.id == int(match[1]):
                return f"/repos/{repository.full_name}"
        raise ApiError(404, "Not Found")

    def _violate(self, raw: RawRequest, status: int | None, problem: str) -> None:
        with self._lock:
            self.violations.append(Violation(f"{raw.method} {raw.path}", status, problem))


def _redirect(raw: RawRequest, path: str, moved: EmulatedRepository) -> ApiError:
    rest = "/".join(path.split("/")[4:])
    url = f"{moved.server}/repositories/{moved.id}" + (f"/{rest}" if rest else "")
    status = 301 if raw.method == "GET" else 307
    error = ApiError(status, "Moved Permanently", headers={"Location": url})
    error.answer.body["url"] = url
    return error


def _parse(raw: bytes) -> Json:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError(400, "Problems parsing JSON") from None
