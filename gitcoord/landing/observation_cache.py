"""Caches observations: asks the forge only for what may have changed.

A step of this run that only moved refs does not change pull requests, and the forge's answer to a step
already has the pull request's new state. The landing asks for a fetch before each merge (`expect_pushes`),
and for everything after an unclear answer (`forget`).
"""

from collections.abc import Collection

import msgspec

from gitcoord.forge.pull_requests import BranchPulls, Pull
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import LandingSnapshot
from gitcoord.landing.observe import observe


class ObservationCache:
    """The cache of one run.

    Asks for the pull requests of the branches `owners` with every fetch: the level branch contains their
    work, and the forge would merge that even if the owner has closed such a pull request.
    """

    def __init__(self, owners: Collection[str] = ()) -> None:
        self._owners = frozenset(owners)
        self._pulls: dict[str, BranchPulls] = {}
        self._fetch = True
        self.fetched = False
        """Whether the last observation fetched the shared refs."""
        self._newest = 0

    def observe(self, context: LandingContext) -> LandingSnapshot:
        """Returns a snapshot; asks only for what may have changed since the last one."""
        if self._fetch:
            self._pulls = {head: known for head, known in self._pulls.items() if head not in self._owners}
        snapshot = observe(context, known=self._pulls, fetch=self._fetch)
        if self._pulls and _has_news(snapshot):
            # Somebody else has landed work: ask the forge for its pull request.
            snapshot = observe(context, fetch=False)
        self._pulls, self.fetched, self._fetch = dict(snapshot.pulls), self._fetch, False
        pulls = [pull for known in snapshot.pulls.values() for pull in (known.current, *known.others) if pull]
        self._newest = max([self._newest, *(pull.number for pull in pulls)])
        return snapshot

    def forget(self) -> None:
        """Makes the next observation ask for everything."""
        self._pulls, self._fetch = {}, True

    def expect_pushes(self) -> None:
        """Makes the next observation fetch the shared refs."""
        self._fetch = True

    def learn_opened(self, pull: Pull) -> None:
        """Stores a pull request that was just opened or adopted.

        A gap in the numbers shows that others opened something in between, perhaps for the same branch, and
        perhaps closed it again: then forgets everything.
        """
        if pull.number > self._newest + 1:
            self.forget()
        else:
            self.learn(pull)
        self._newest = max(self._newest, pull.number)

    def learn(self, pull: Pull) -> None:
        """Stores the state of a pull request that the forge has just returned."""
        known = self._pulls.get(pull.head, BranchPulls())
        self._pulls[pull.head] = msgspec.structs.replace(known, current=pull)


def _has_news(snapshot: LandingSnapshot) -> bool:
    return any(work.standing == "landed" and not work.journaled and not work.pull for work in snapshot.works)
