"""Looking at the world no more often than it can have changed.

What this run did itself it knows: a step that only moved refs leaves pull requests as they were, and an
answer that told how one stands needs no second question. A merge is always preceded by a look at git, and
whatever was unclear has everything asked anew.
"""

import msgspec

from gitcoord.forge.port import BranchPulls, Pull
from gitcoord.merging.model import World
from gitcoord.merging.observe import Scene, observe


class Outlook:
    """What one run knows of the world between two looks."""

    def __init__(self) -> None:
        self._pulls: dict[str, BranchPulls] = {}
        self._fetch = True
        self.fetched = False
        """Whether the last look read the shared refs anew."""

    def look(self, scene: Scene) -> World:
        """The world as it is: what cannot have changed since the last look is not asked for."""
        world = observe(scene, known=self._pulls, fetch=self._fetch)
        if self._pulls and _has_news(world):
            # Somebody else landed it: the forge knows through which pull request.
            world = observe(scene, fetch=False)
        self._pulls, self.fetched, self._fetch = dict(world.pulls), self._fetch, False
        return world

    def forget(self) -> None:
        """The next look asks for everything."""
        self._pulls, self._fetch = {}, True

    def expect_pushes(self) -> None:
        """The next look reads the shared refs anew."""
        self._fetch = True

    def learn(self, pull: Pull) -> None:
        """The forge has just told how a pull request stands."""
        known = self._pulls.get(pull.head, BranchPulls())
        self._pulls[pull.head] = msgspec.structs.replace(known, current=pull)


def _has_news(world: World) -> bool:
    return any(work.standing == "landed" and not work.journaled and not work.pull for work in world.works)
