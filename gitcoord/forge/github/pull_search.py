"""Finds the pull requests of many branches with few requests."""

from collections.abc import Collection, Mapping

from gitcoord.forge.github.client import Gateway
from gitcoord.forge.github.pull_types import PullAnswer
from gitcoord.forge.pull_requests import BranchPulls, Pull, branch_pulls

_FEW = 2
_MOST = 100
_Page = tuple[PullAnswer, ...]


class Finder:
    """Finds pull requests of one repository; `full_name` is GitHub's spelling."""

    def __init__(self, gateway: Gateway, full_name: str) -> None:
        self._gateway = gateway
        self._owner = full_name.split("/")[0]
        self._path = f"/repos/{full_name}/pulls"
        self._crowded = False
        self._earlier: dict[str, list[Pull]] = {}

    def open_one(self, head: str, base: str) -> Pull | None:
        """Returns the open pull request of a branch onto `base`."""
        return branch_pulls(self._of_head(head, state="open"), base).current

    def open_ones(self) -> tuple[Pull, ...]:
        """Returns all open pull requests, by number."""
        pages = self._gateway.read_pages(self._path, _Page, {"state": "open"})
        found = {pull.number: pull for page in pages for pull in _pulls(page)}
        return tuple(found[number] for number in sorted(found))

    def find(self, heads: Collection[str], base: str) -> Mapping[str, BranchPulls]:
        """Returns the pull requests of each head, onto any base, because people may have changed the base."""
        if len(heads) <= _FEW:
            found = {head: self._of_head(head, state="all") for head in heads}
        else:
            found = self._of_many(heads)
        return {head: branch_pulls(pulls, base) for head, pulls in found.items() if pulls}

    def _of_head(self, head: str, *, state: str) -> list[Pull]:
        # Without an owner, GitHub ignores `head` and lists the pull requests of all branches.
        query = {"head": head if ":" in head else f"{self._owner}:{head}", "state": state}
        pages = self._gateway.read_pages(self._path, _Page, query)
        return [pull for page in pages for pull in _pulls(page) if pull.head == head]

    def _of_many(self, heads: Collection[str]) -> dict[str, list[Pull]]:
        """Returns the pull requests of many heads.

        Reads all pull requests if they fit on one page. Otherwise reads the open ones and the hundred closed
        ones that were updated last; if there may be more, asks for each head that has none among these.
        """
        if not self._crowded:
            page = self._gateway.read(self._path, _Page, {"state": "all", "per_page": _MOST})
            if len(page) < _MOST:
                return _by_head(heads, _pulls(page))
            self._crowded = True
        seen = self.open_ones()
        recent = self._gateway.read(
            self._path,
            _Page,
            {"state": "closed", "sort": "updated", "direction": "desc", "per_page": _MOST},
        )
        found = _by_head(heads, [*seen, *_pulls(recent)])
        if len(recent) == _MOST:
            for head in (head for head, pulls in found.items() if not pulls):
                found[head] = self._earlier_ones(head)
        return found

    def _earlier_ones(self, head: str) -> list[Pull]:
        """Returns a branch's closed pull requests.

        Asks only once: later ones are open, or among the hundred that were updated last.
        """
        if head not in self._earlier:
            self._earlier[head] = self._of_head(head, state="closed")
        return self._earlier[head]


def _pulls(page: _Page) -> list[Pull]:
    """Returns the pull requests on a page."""
    return [answer.to_pull() for answer in page]


def _by_head(heads: Collection[str], pulls: Collection[Pull]) -> dict[str, list[Pull]]:
    newest = {pull.number: pull for pull in pulls}  # One that was closed meanwhile is in both lists.
    found: dict[str, list[Pull]] = {head: [] for head in heads}
    for pull in newest.values():
        if pull.head in found:
            found[pull.head].append(pull)
    return found
