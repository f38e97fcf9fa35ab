"""Looking at the world no more often than it can have changed.

What this run did itself it knows: a step that only moved refs leaves pull requests as they were, and an
answer that told how one stands needs no second question. A merge is always preceded by a look at git, and
whatever was unclear has everything asked anew.
"""

from collections.abc import Collection

import msgspec

from gitcoord.forge.pull_requests import BranchPulls, Pull
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import LandingSnapshot
from gitcoord.landing.observe import observe


class Outlook:
    """What one run knows of the world between two looks.

    The pull requests of `owners`, which are branches, are asked for whenever git is: a level branch holds
    their work, and no guard of the forge's keeps it from being merged once one of them is closed.
    """

    def __init__(self, owners: Collection[str] = ()) -> None:
        self._owners = frozenset(owners)
        self._pulls: dict[str, BranchPulls] = {}
        self._fetch = True
        self.fetched = False
        """Whether the last look read the shared refs anew."""
        self._newest = 0

    def look(self, context: LandingContext) -> LandingSnapshot:
        """The world as it is: what cannot have changed since the last look is not asked for."""
        if self._fetch:
            self._pulls = {head: known for head, known in self._pulls.items() if head not in self._owners}
        snapshot = observe(context, known=self._pulls, fetch=self._fetch)
        if self._pulls and _has_news(snapshot):
            # Somebody else landed it: the forge knows through which pull request.
            snapshot = observe(context, fetch=False)
        self._pulls, self.fetched, self._fetch = dict(snapshot.pulls), self._fetch, False
        pulls = [pull for known in snapshot.pulls.values() for pull in (known.current, *known.others) if pull]
        self._newest = max([self._newest, *(pull.number for pull in pulls)])
        return snapshot

    def forget(self) -> None:
        """The next look asks for everything."""
        self._pulls, self._fetch = {}, True

    def expect_pushes(self) -> None:
        """The next look reads the shared refs anew."""
        self._fetch = True

    def learn_opened(self, pull: Pull) -> None:
        """A pull request has just been opened, or adopted.

        A gap in the numbers says that others opened something meanwhile, which may have been of the same
        branch, and closed again at once: then everything is asked anew.
        """
        if pull.number > self._newest + 1:
            self.forget()
        else:
            self.learn(pull)
        self._newest = max(self._newest, pull.number)

    def learn(self, pull: Pull) -> None:
        """The forge has just told how a pull request stands."""
        known = self._pulls.get(pull.head, BranchPulls())
        self._pulls[pull.head] = msgspec.structs.replace(known, current=pull)


def _has_news(snapshot: LandingSnapshot) -> bool:
    return any(work.standing == "landed" and not work.journaled and not work.pull for work in snapshot.works)
