"""Verifies that a merge by the forge gave the tree that was computed before."""

from collections.abc import Sequence

from gitcoord.events import TaskHandedOver
from gitcoord.evidence.trailer_syntax import LANDED
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.git_cli import Oid
from gitcoord.landing.compare_merge import (
    ComputedMerge,
    OwnMessage,
    compare,
    compare_recorded,
    fetch_head,
    is_by_forge,
    is_merge_of,
)
from gitcoord.landing.context import LandingContext
from gitcoord.landing.mergeability import number_of
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.perform_git import landings
from gitcoord.landing.steps import Merge
from gitcoord.tasks.model import TaskId


class SentMerges:
    """The merges that one run has sent. Verifies those with a lost answer once their tasks have landed.

    Only the client that sent a merge knows that the answer was lost, even if another client records the
    landing.
    """

    def __init__(self) -> None:
        self._unanswered: dict[tuple[int, Oid], tuple[LandingSnapshot, Merge]] = {}
        self._answered: set[tuple[int, Oid]] = set()

    def doubt(self, snapshot: LandingSnapshot, step: Merge) -> None:
        """Remembers a merge that was sent in `snapshot` and whose answer was lost."""
        self._unanswered[number_of(step.carrier), step.carrier.head] = (snapshot, step)

    def forget(self, carrier: Carrier) -> None:
        """Drops the merges of a carrier: from now on the forge decides when to merge it."""
        number = number_of(carrier)
        self._unanswered = {key: sent for key, sent in self._unanswered.items() if key[0] != number}

    def settle(self, carrier: Carrier) -> None:
        """Drops the merges of a carrier, and notes that this run verifies the merge of its head."""
        self.forget(carrier)
        self._answered.add((number_of(carrier), carrier.head))

    def prove_landed(self, context: LandingContext, snapshot: LandingSnapshot) -> None:
        """Verifies each unanswered merge whose landing is recorded in `snapshot`. Raises `tree-differs`."""
        for before, step in [*self._unanswered.values()]:
            works = [snapshot.work(task) for task in step.carrier.tasks]
            if all(work.standing == "landed" and work.journaled for work in works):
                self.settle(step.carrier)
                commit = _merge_of(context, snapshot, before, step)
                if commit is not None:
                    prove(context, before, step, commit)

    def prove_recorded(
        self, context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]
    ) -> None:
        """Verifies the landings of `tasks` whose merges this run has not sent. Raises `tree-differs`.

        Such merges are those of the forge's queue or auto-merge, of a person, or of another run, which may
        have died or lost the answer. The run that records a landing verifies it; no later run does.
        """
        if context.forge.name == "local":
            return  # the local forge merges with gitcoord's own git
        carried = _pulls_of_landed(context, snapshot)
        for pull in {carried[task].number: carried[task] for task in tasks if task in carried}.values():
            key = (pull.number, pull.head_commit)
            own = tuple(task for task, one in carried.items() if one.number == pull.number)
            if key in self._unanswered or key in self._answered:
                continue
            commit = pull.merge_commit or _last_landing(context, snapshot, own)
            heads = {landing.head for task in own if (landing := snapshot.work(task).landing) is not None}
            message = OwnMessage(LANDED, heads)
            if (
                commit is not None
                and context.ancestry.contains(snapshot.base_commit, commit)
                and fetch_head(context.repository, context.shared, pull.head_commit)
                and is_merge_of(context.repository, pull, commit, message)
                and (is_by_forge(context.repository, pull, commit, message) or _handed_over(context, pull))
            ):
                compare_recorded(context.repository, pull, commit, heads)


def prove(context: LandingContext, before: LandingSnapshot, step: Merge, commit: Oid) -> None:
    """Compares the base's new tree with the one computed in the snapshot `before`. Raises `tree-differs`.

    If the base had moved in between, computes the expected tree again from the merge's actual parent. For the
    local forge, only the tree counts: it may merge several branches in one move of the base.
    """
    if context.ancestry.existing({commit}):
        base = "" if context.forge.name == "local" else before.base_commit
        computed = ComputedMerge(tree=step.tree, base=base)
        compare(context.repository, number_of(step.carrier), step.carrier.head, commit, computed)


def _handed_over(context: LandingContext, pull: Pull) -> bool:
    """Whether gitcoord handed the pull request over to the forge's queue or auto-merge."""
    handed = (entry.event for entry in context.store.journal() if isinstance(entry.event, TaskHandedOver))
    return (pull.number, pull.head_commit) in {(event.pull, event.head) for event in handed}


def _merge_of(
    context: LandingContext, snapshot: LandingSnapshot, before: LandingSnapshot, step: Merge
) -> Oid | None:
    """Returns the base's commit that merged the sent head.

    Returns None if another head was merged (its sender has computed its tree), if the work landed in another
    way than by this pull request, or if the commit cannot be found.
    """
    carrier = step.carrier
    known = snapshot.pulls.get(carrier.branch)
    pull = None if known is None else known.current
    if pull is None or pull.number != number_of(carrier) or pull.state != "merged":
        pull = context.forge.read_pull(number_of(carrier))
    if pull.base != snapshot.base or pull.head_commit != carrier.head:
        return None
    commit = pull.merge_commit if pull.state == "merged" else _last_landing(context, snapshot, carrier.tasks)
    if commit is None or not context.ancestry.contains(snapshot.base_commit, commit):
        return None
    heads = {before.work(task).head or carrier.head for task in carrier.tasks}
    return commit if is_merge_of(context.repository, pull, commit, OwnMessage(LANDED, heads)) else None


def _last_landing(context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]) -> Oid | None:
    """Returns the newest of the commits that landed `tasks`: an interrupted merge leaves no other trace.

    Returns None if no commit contains all others.
    """
    commits = {event.commit for event in landings(context, snapshot, tasks).values()}
    return next((one for one in commits if context.ancestry.contained(one, commits) == commits), None)


def _pulls_of_landed(context: LandingContext, snapshot: LandingSnapshot) -> dict[TaskId, Pull]:
    """Returns the pull request that landed each task. It is still open if the merge was interrupted."""
    single = context.options.strategy == "single-pr"
    known = [one.current for one in snapshot.pulls.values() if one.current is not None]
    left = [pull for pull in known if pull.state == "open" and pull.base == snapshot.base]
    found: dict[TaskId, Pull] = {}
    for work in snapshot.works:
        landing = work.landing
        if work.pull is not None and work.pull.state == "merged":
            found[work.task] = work.pull
        elif landing is not None:
            own = (pull for pull in left if single or pull.head == work.branch)
            carriers = (pull for pull in own if context.ancestry.contains(pull.head_commit, landing.head))
            if (pull := next(carriers, None)) is not None:
                found[work.task] = pull
    return found
