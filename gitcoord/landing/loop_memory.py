"""The memory of a landing run from one observation to the next."""

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.landing.model import Carrier, LandingSnapshot, MergeReadiness
from gitcoord.landing.proof import CombinationProof, TaskHead

DetailsKey = tuple[str, Oid, Oid]
"""A carrier's branch and head, and the base on which it was examined."""


class ProvedPrefix(msgspec.Struct, frozen=True, kw_only=True):
    """Works that were checked together: their combination, in this order, has the tree `tree`."""

    works: tuple[TaskHead, ...]
    tree: Oid


class LandingMemory(msgspec.Struct, kw_only=True):
    """The memory of a run between observations. Losing it costs requests, never correctness.

    `held` maps a carrier's branch to the reason why it cannot merge now; a wait clears it. `impatient`: the
    time for waiting is over. `settling` counts the examinations of each unsettled carrier; `doubt` counts
    down the examinations after a merge whose answer was lost. `handed_over`: branches that the forge merges
    automatically; `declined`: branches that it refused to merge automatically. `final` maps a branch to a
    head that cannot merge without a change, and the reason: the branch stays held until it moves. `stalled`
    counts the examinations since a carrier last settled, `waits` the waits since the reasons to wait last
    changed. `stopped`: why the run must stop.
    """

    details: dict[DetailsKey, MergeReadiness]
    held: dict[str, str]
    settling: dict[str, int]
    doubt: dict[str, int]
    handed_over: set[str]
    declined: set[str]
    final: dict[str, tuple[Oid, str]] = {}
    proved: set[DetailsKey] = set()
    """The carriers whose check has passed, or that cannot merge yet."""
    green: set[Oid] = set()
    """The trees to which the base may move."""
    together: dict[DetailsKey, ProvedPrefix] = {}
    """Checked prefixes that the forge merges in one move, by their first carrier."""
    reported: set[Oid] = set()
    """The heads for which a status was set: the forge may show it a moment later."""
    retargeted: set[int] = set()
    """The pull requests whose base the run has tried to change: it tries again only after the next wait."""
    stuck: set[str] = set()
    """The held branches that gitcoord cannot update or rebuild: a person has to act."""
    stalled: int = 0
    waits: int = 0
    impatient: bool = False
    stopped: str = ""

    @classmethod
    def empty(cls) -> "LandingMemory":
        """Returns the memory at the start of a run."""
        return cls(
            details={},
            held={},
            settling={},
            doubt={},
            handed_over=set(),
            declined=set(),
            proved=set(),
            green=set(),
            together={},
            reported=set(),
            retargeted=set(),
            stuck=set(),
        )

    def learn(
        self, snapshot: LandingSnapshot, carrier: Carrier, proof: CombinationProof, *, in_one_move: bool
    ) -> None:
        """Stores that a carrier's check has passed on this base, or that it cannot merge yet (no tree).

        `in_one_move`: the forge merges the checked prefix in one move.
        """
        key = details_key(snapshot, carrier)
        self.proved.add(key)
        self.together.pop(key, None)
        if in_one_move and len(proof.works) > 1:
            self.together[key] = ProvedPrefix(works=proof.works, tree=proof.trees[-1])
        else:
            self.green.update((proof.tree, *proof.trees))

    def learn_details(self, snapshot: LandingSnapshot, carrier: Carrier, details: MergeReadiness) -> None:
        """Stores the examination of a carrier."""
        self.details[details_key(snapshot, carrier)] = details
        if details.handed_over:
            self.handed_over.add(carrier.branch)
        else:
            self.handed_over.discard(carrier.branch)
        if details.settled:
            self.stalled = 0

    def look_again(self, snapshot: LandingSnapshot, carrier: Carrier) -> int:
        """Drops the carrier's details, so that it is examined again.

        Returns how many times that had been done since the last wait.
        """
        earlier = self.settling.get(carrier.branch, 0)
        self.settling[carrier.branch] = earlier + 1
        self.stalled += 1
        self.doubt[carrier.branch] = max(0, self.doubt.get(carrier.branch, 0) - 1)
        self.details.pop(details_key(snapshot, carrier), None)
        return earlier

    def release(self, snapshot: LandingSnapshot) -> None:
        """After a wait: drops examinations and reasons, so that every carrier is examined again.

        Keeps the final reasons of branches that have not moved.
        """
        self.stalled = 0
        self.retargeted.clear()
        self.stuck.clear()
        self.settling.clear()
        self.details.clear()
        heads = {work.branch: work.head for work in snapshot.works}
        if snapshot.level_branch is not None:
            heads[snapshot.level_branch.name] = snapshot.level_branch.tip
        self.final = {branch: one for branch, one in self.final.items() if heads.get(branch) == one[0]}
        self.held = {branch: reason for branch, (_, reason) in self.final.items()}


def details_key(snapshot: LandingSnapshot, carrier: Carrier) -> DetailsKey:
    """Returns the key of a carrier's details, which are valid only for this head on this base."""
    return (carrier.branch, carrier.head, snapshot.base_commit)
