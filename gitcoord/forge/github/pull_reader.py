"""Reads the pull requests of one repository.

Remembers the numbers that GitHub has shown, the last answer, and GitHub's summary of each pull request.
"""

from collections.abc import Collection, Mapping

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.client import Gateway
from gitcoord.forge.github.pull_search import Finder
from gitcoord.forge.github.pull_types import PullAnswer
from gitcoord.forge.pull_requests import BranchPulls, NewPull, Pull

_REPLICATION = 30.0
"""Seconds after which all of GitHub's replicas know a new pull request."""


class PullReader:
    """Reads pull requests of the repository `full_name`."""

    def __init__(self, gateway: Gateway, full_name: str) -> None:
        self._gateway, self._full_name = gateway, full_name
        self._finder = Finder(gateway, full_name)
        self._seen: set[int] = set()
        self._last_read: tuple[int, Pull] | None = None
        self._summaries: dict[int, str] = {}

    def find(self, heads: Collection[str], base: str) -> Mapping[str, BranchPulls]:
        """See `Forge.find_pulls`."""
        found = self._finder.find(heads, base)
        self._seen |= {pulls.current.number for pulls in found.values() if pulls.current is not None}
        return found

    def open_ones(self) -> tuple[Pull, ...]:
        """Returns all open pull requests, by number."""
        return self._finder.open_ones()

    def find_opened(self, new: NewPull) -> Pull | None:
        """Returns the open pull request from `new.head` onto `new.base`, if GitHub lists it."""
        found = self._finder.open_one(new.head, new.base)
        if found is not None:
            self._seen.add(found.number)
        return found

    def add_opened(self, number: int) -> None:
        """Notes that a pull request exists: if a replica of GitHub lacks it, later reads wait for it."""
        self._seen.add(number)

    def read(self, number: int) -> PullAnswer:
        """Reads one pull request. Raises `no-such-pull`."""

        def look() -> PullAnswer | None:
            return self._gateway.read_if_there(f"/repos/{self._full_name}/pulls/{number}", PullAnswer)

        # Not every replica knows a pull request that was opened a moment ago, by this or another process.
        seconds = _REPLICATION if number in self._seen else 0.0
        found = self._gateway.patience.poll(look, seconds=seconds)
        if found is None:
            raise GitcoordError(
                "no-such-pull",
                f"There is no pull request {number} in {self._full_name}.",
                hint="Look at the repository's pull requests; it may be in another repository.",
            )
        self._last_read = (self._gateway.sent, found.to_pull())
        self._summaries[number] = found.mergeable_state
        return found

    def newest(self, number: int) -> Pull:
        """Reads one pull request; returns the last answer if no request was sent after that."""
        sent, pull = self._last_read or (-1, None)
        if pull is None or (sent, pull.number) != (self._gateway.sent, number):
            pull = self.read(number).to_pull()
        return pull

    def summary(self, number: int) -> str:
        """Returns GitHub's one-word summary (`mergeable_state`) as of the last read; "" without one."""
        return self._summaries.get(number, "")
