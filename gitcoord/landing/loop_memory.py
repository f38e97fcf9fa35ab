"""What a run of landing keeps between two looks."""

import msgspec

from gitcoord.git.git_cli import Oid
from gitcoord.landing.model import Carrier, LandingSnapshot, MergeReadiness
from gitcoord.landing.proof import CombinationProof, TaskHead

DetailsKey = tuple[str, Oid, Oid]
"""A carrier's branch and head, and the base that it was examined on."""


class ProvedPrefix(msgspec.Struct, frozen=True, kw_only=True):
    """Carriers that were proved as a whole: the combination of `works`, in this order, is `tree`."""

    works: tuple[TaskHead, ...]
    tree: Oid


class LandingMemory(msgspec.Struct, kw_only=True):
    """What a run keeps between looks; losing it costs questions, never correctness.

    `held` maps a carrier's branch to why it cannot merge now; waiting clears it. `impatient` is set once
    the time for waiting is over. `settling` counts the looks at a carrier that had not settled, `doubt` the
    looks that are still due after a merge whose answer was lost. `handed_over` are the branches that the
    forge merges by itself, `declined` those that it would not take over. `final` maps a branch to the head
    that cannot merge as it is, and why: it stays held until the branch moves. `stalled` counts the looks
    since anything has settled.
    """

    details: dict[DetailsKey, MergeReadiness]
    held: dict[str, str]
    settling: dict[str, int]
    doubt: dict[str, int]
    handed_over: set[str]
    declined: set[str]
    final: dict[str, tuple[Oid, str]] = {}
    proved: set[DetailsKey] = set()
    """The carriers whose check has been looked at."""
    green: set[Oid] = set()
    """The trees that the base may become."""
    together: dict[DetailsKey, ProvedPrefix] = {}
    """By the first of them, carriers that were proved as a whole, and that the forge merges in one move."""
    reported: set[Oid] = set()
    """The heads that the forge was given a status for: it may show it a moment later."""
    retargeted: set[int] = set()
    """The pull requests that were moved to the base, or could not be: once, until time has passed."""
    stalled: int = 0
    impatient: bool = False
    stopped: str = ""

    @classmethod
    def empty(cls) -> "LandingMemory":
        """At the start of a run."""
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
        )

    def learn(
        self, snapshot: LandingSnapshot, carrier: Carrier, proof: CombinationProof, *, in_one_move: bool
    ) -> None:
        """The check was looked at for a carrier on this base, and has passed (no tree: nothing merges yet).

        `in_one_move`: the forge merges all that was proved at once.
        """
        key = details_key(snapshot, carrier)
        self.proved.add(key)
        self.together.pop(key, None)
        if in_one_move and len(proof.works) > 1:
            self.together[key] = ProvedPrefix(works=proof.works, tree=proof.trees[-1])
        else:
            self.green.update((proof.tree, *proof.trees))

    def learn_details(self, snapshot: LandingSnapshot, carrier: Carrier, details: MergeReadiness) -> None:
        """A carrier was looked at."""
        self.details[details_key(snapshot, carrier)] = details
        if details.handed_over:
            self.handed_over.add(carrier.branch)
        else:
            self.handed_over.discard(carrier.branch)
        if details.settled:
            self.stalled = 0

    def look_again(self, snapshot: LandingSnapshot, carrier: Carrier) -> int:
        """The carrier is to be looked at anew; return how often that was so before."""
        looks = self.settling.get(carrier.branch, 0)
        self.settling[carrier.branch] = looks + 1
        self.stalled += 1
        self.doubt[carrier.branch] = max(0, self.doubt.get(carrier.branch, 0) - 1)
        self.details.pop(details_key(snapshot, carrier), None)
        return looks

    def release(self, snapshot: LandingSnapshot) -> None:
        """Time has passed: everything is looked at anew, and nothing is held any more but what is final.

        That stays held as long as its branch stands still.
        """
        self.stalled = 0
        self.retargeted.clear()
        self.settling.clear()
        self.details.clear()
        heads = {work.branch: work.head for work in snapshot.works}
        if snapshot.level_branch is not None:
            heads[snapshot.level_branch.name] = snapshot.level_branch.tip
        self.final = {branch: one for branch, one in self.final.items() if heads.get(branch) == one[0]}
        self.held = {branch: reason for branch, (_, reason) in self.final.items()}


def details_key(snapshot: LandingSnapshot, carrier: Carrier) -> DetailsKey:
    """Where a carrier's details are kept: they hold for this head on this base only."""
    return (carrier.branch, carrier.head, snapshot.base_commit)
