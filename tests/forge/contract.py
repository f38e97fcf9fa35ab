"""What the tests of GitHub's answers share: a pull request in a repository of its own, and the client.

A row is one answer of GitHub: how the emulator is brought to give it, and what the client makes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gitcoord.errors import GitcoordError
from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.pull_requests import (
    Merged,
    MergeRequest,
    Method,
    NewPull,
    Pull,
    RefusalKind,
    Refused,
    Unclear,
)
from tests.support.github import EmulatedRepository, Fault, GitHubEmulator
from tests.support.github.tokens import Token
from tests.support.repos import Repo

_REACTIONS: dict[RefusalKind, str] = {
    "retry": "retry",
    "gate": "wait",
    "outdated": "update the branch",
    "queue": "hand over",
    "head-moved": "look again",
    "conflict": "look again",
    "unfit": "stop this task",
    "closed": "stop this task",
    "nothing-to-merge": "stop this task",
    "not-allowed": "stop the run",
    "unknown": "fail closed",
}


class Desk:
    """A repository with a branch `work` that changes the first line, its pull request, and the client."""

    def __init__(self, hub: GitHubEmulator) -> None:
        self.hub = hub
        self.app: EmulatedRepository = hub.make_repository(f"acme/app-{len(hub.repositories)}")
        self.content = Repo(self.app.git_dir)
        first = {"lines.txt": "1\n2\n3\n4\n5\n"}
        changed = {"lines.txt": "one\n2\n3\n4\n5\n"}
        self.content.commit_many([("main", None, first), ("work", "main", changed)])
        self.forge = self.sign_in()

    def sign_in(self, token: Token | None = None, **variables: str) -> GitHubForge:
        """A client, with the emulator's own token or another."""
        environ = self.hub.environment(token) | variables
        return open_github(url=self.app.clone_url, repository=None, environ=environ)

    @cached_property
    def pull(self) -> Pull:
        """The pull request of `work`, opened when it is first asked for; GitHub knows that it merges."""
        opened = self.forge.open_pull(NewPull(head="work", base="main", title="Work", body=""))
        assert isinstance(opened, Pull)
        for _ in range(2):
            opened = self.forge.read_pull(opened.number)
        return opened

    def find_no_async(self) -> None:
        """Where there is no `merge-async`, a 404 tells it once: here for a closed pull request."""
        self.push("elsewhere", "elsewhere.txt", "")
        other = self.forge.open_pull(NewPull(head="elsewhere", base="main", title="Other", body=""))
        assert isinstance(other, Pull)
        self.app.pulls[other.number].close()
        request = MergeRequest(
            number=other.number, head=other.head_commit, base="main", method="merge", title="T", message="M"
        )
        assert not isinstance(self.forge.merge_pull(request), Merged)
        assert [one.status for one in self.hub.requests("^PUT .*/merge-async$")] == [404]
        self.pull = self.look()

    def push(self, branch: str = "main", path: str = "other.txt", text: str = "other\n") -> None:
        """Somebody else's commit."""
        self.content.commit({path: text}, branch=branch)

    def look(self, times: int = 2) -> Pull:
        """Reads the pull request until GitHub has found out about it."""
        for _ in range(times):
            found = self.forge.read_pull(self.pull.number)
        return found

    def fault(self, request: str, status: int, message: str, **more: object) -> Fault:
        """Lets GitHub say something that the emulator has no state for."""
        body = {"message": message, "status": str(status), **more.pop("body", {})}  # type: ignore[dict-item]
        return self.hub.fault(request, "status", status=status, body=body, **more)

    def merge(self, method: Method = "merge") -> object:
        """Merges the commit that was looked at."""
        pull = self.pull
        return self.forge.merge_pull(
            MergeRequest(
                number=pull.number, head=pull.head_commit, base="main", method=method, title="T", message="M"
            )
        )


@dataclass(frozen=True)
class Row:
    """One answer: `status` (0: none came) and `said`, and how the emulator is brought to give it.

    `sent` counts the writes that reach GitHub, `effects` those that change something.
    """

    status: int
    said: str
    given: Callable[[Desk], object]
    outcome: str
    sent: int = 1
    effects: int = 0
    method: Method = "merge"
    about: str = ""

    @property
    def id(self) -> str:
        """Names the row in a test's name."""
        return " ".join(f"{self.status or 'no answer'} {self.said} {self.about}".split())

    def check(self, outcome: str, told: str) -> None:
        """Holds what the client made of it against the row; what was refused is told in GitHub's words."""
        assert outcome == self.outcome, told
        if outcome != "look again" and outcome in (*_REACTIONS.values(), "stop the run: not-changed"):
            assert self.said in told


def reaction(act: Callable[[], object]) -> tuple[str, str]:
    """What comes of an answer, and the words in which it is told."""
    try:
        result = act()
    except GitcoordError as error:
        return f"stop the run: {error.code}", f"{error.message} {error.hint}"
    match result:
        case Merged():
            return "merged", ""
        case Pull():
            return "opened", ""
        case Unclear():
            return "look again", result.message
        case Refused():
            return _REACTIONS[result.kind], result.message
    return str(result), ""
