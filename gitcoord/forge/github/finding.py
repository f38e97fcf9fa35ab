"""Finding the pull requests of many branches with few requests."""

from collections.abc import Collection, Mapping

from gitcoord.forge.github.answers import PullAnswer
from gitcoord.forge.github.gateway import Gateway
from gitcoord.forge.port import Pull

_FEW = 5
_MOST = 100
_Page = tuple[PullAnswer, ...]


class Finder:
    """Finds pull requests of one repository, `full_name` as GitHub spells it."""

    def __init__(self, gateway: Gateway, full_name: str) -> None:
        self._gateway = gateway
        self._full_name = full_name
        self._owner = full_name.split("/")[0]
        self._path = f"/repos/{full_name}/pulls"
        self._crowded: set[str] = set()
        self._earlier: dict[tuple[str, str], Pull | None] = {}

    def open_one(self, head: str, base: str) -> Pull | None:
        """The open pull request of a branch."""
        return _best(self._of_head(head, base, state="open"))

    def find(self, heads: Collection[str], base: str) -> Mapping[str, Pull]:
        """The open pull request of each head, else its newest merged one."""
        if len(heads) <= _FEW:
            found = {head: _best(self._of_head(head, base, state="all")) for head in heads}
        else:
            found = self._of_many(heads, base)
        return {head: pull for head, pull in found.items() if pull is not None}

    def _of_head(self, head: str, base: str, *, state: str) -> list[Pull]:
        # Without an owner GitHub ignores `head`, and lists the pull requests of all branches.
        query = {"head": f"{self._owner}:{head}", "base": base, "state": state}
        pages = self._gateway.read_pages(self._path, _Page, query)
        return [pull for page in pages for pull in self._own(page) if pull.head == head]

    def _of_many(self, heads: Collection[str], base: str) -> dict[str, Pull | None]:
        """All there are where they fit on one page.

        Else all that are open, the last hundred that were closed, and one by one what is in neither.
        """
        if base not in self._crowded:
            page = self._gateway.read(self._path, _Page, {"state": "all", "base": base, "per_page": _MOST})
            if len(page) < _MOST:
                pulls = self._own(page)
                return {head: _best([pull for pull in pulls if pull.head == head]) for head in heads}
            self._crowded.add(base)
        pages = self._gateway.read_pages(self._path, _Page, {"state": "open", "base": base})
        seen = [pull for page in pages for pull in self._own(page)]
        recent = self._gateway.read(
            self._path,
            _Page,
            {"state": "closed", "base": base, "sort": "updated", "direction": "desc", "per_page": _MOST},
        )
        seen += self._own(recent)
        found = {head: _best([pull for pull in seen if pull.head == head]) for head in heads}
        if len(recent) == _MOST:
            for head in (head for head, pull in found.items() if pull is None):
                found[head] = self._one_earlier(head, base)
        return found

    def _one_earlier(self, head: str, base: str) -> Pull | None:
        """Asked once for each branch: what happens from then on is among the open or the last hundred."""
        if (head, base) not in self._earlier:
            self._earlier[head, base] = _best(self._of_head(head, base, state="closed"))
        return self._earlier[head, base]

    def _own(self, page: _Page) -> list[Pull]:
        """Those whose head is in this repository; forks use the same branch names."""
        return [
            answer.to_pull()
            for answer in page
            if answer.head.repo is not None and answer.head.repo.full_name == self._full_name
        ]


def _best(pulls: list[Pull]) -> Pull | None:
    """The open one, else the newest merged one."""
    ranked = [pull for pull in pulls if pull.state != "closed"]
    return max(ranked, key=lambda pull: (pull.state == "open", pull.number), default=None)
