"""Checks the trees to which the base will move: each, or with `prove = "last"` the last of several.

Checks ahead are speculative and only fill the result cache. So a moved base, another client or a killed run
only wastes checks.
"""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from gitcoord.checks.window import WIDEST
from gitcoord.landing.combinations import Combinations
from gitcoord.landing.context import LandingContext, stacks_on
from gitcoord.landing.decide import carrier_of
from gitcoord.landing.level_search import LevelSearch, recent_failures
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.mergeability import examine_in_git
from gitcoord.landing.model import Carrier, LandingSnapshot, TaskState
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.proof import CheckContext, CombinationProof, TaskHead

if TYPE_CHECKING:
    from gitcoord.checks.model import CheckResult
    from gitcoord.checks.subjects import Combination
    from gitcoord.git.git_cli import Oid
from typing import Literal

from gitcoord.forge.pull_requests import CommitStatus
from gitcoord.landing.post_comments import try_to
from gitcoord.text_lists import named_tasks

_LONGEST = 140
"""The maximum length of a status description on GitHub, in characters."""
_Said = tuple[Literal["success", "failure", "error"], str]


class Statuses:
    """The statuses that one landing run has set; sets each only if it has changed."""

    def __init__(self) -> None:
        self._said: dict[str, CommitStatus] = {}

    def report(
        self, context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, proof: CombinationProof
    ) -> str:
        """Sets the status of the carrier's head to the check's result; returns the problem, if any.

        Does nothing if the settings name no status, or if the check has no result for this head.
        """
        check = context.options.check
        said = None if check is None or not check.status else _said(snapshot, carrier, proof)
        if check is None or said is None:
            return ""
        state, text = said
        text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"
        status = CommitStatus(commit=carrier.head, context=check.status, state=state, description=text)
        if self._said.get(carrier.head) == status:
            return ""
        self._said[carrier.head] = status
        return try_to(lambda: context.forge.set_status(status))


def _said(snapshot: LandingSnapshot, carrier: Carrier, proof: CombinationProof) -> _Said | None:
    """Returns the state and a description; None if there is no result for this head."""
    if proof.state == "passed" and proof.tree:
        return "success", f"The check passes on {snapshot.base} with {named_tasks(carrier.tasks)}"
    if proof.state == "failed":
        failing = proof.failing[0]
        others = failing.failure.others
        beside = f" together with {named_tasks(others)}" if others else ""
        return "failure", f"The check fails with task {failing.task}{beside}: {failing.failure.reason}"
    return ("error", proof.reason) if proof.state == "held" else None


_AHEAD = 2
"""The number of branches per slot to check ahead, with `prove = "each"`."""


class Prover:
    """Checks the carriers (task branches or level branches) of one landing run."""

    def __init__(self, notices: LandingNotices) -> None:
        self._notices = notices
        self._unclear: dict[Oid, CheckResult] = {}
        self._statuses = Statuses()
        self._history: tuple[int, int] | None = None

    def forget(self, context: LandingContext) -> None:
        """Drops unclear results and failures to generate files, so that both are tried again."""
        self._unclear.clear()
        if context.maker is not None:
            context.maker.forget()

    def prove(
        self, context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, memory: LandingMemory
    ) -> CombinationProof:
        """Checks the tree of `carrier` on the base and, in parallel, the branches that land next."""
        proof = self._proof(context, snapshot, carrier, memory)
        problem = self._statuses.report(context, snapshot, carrier, proof)
        self._notices.caution(problem)
        if not problem:
            memory.reported.add(carrier.head)
        return proof

    def _proof(
        self, context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, memory: LandingMemory
    ) -> CombinationProof:
        options, checker = context.options.check, context.checker
        if options is None or checker is None:
            raise AssertionError("prove is called only with a check")
        found = examine_in_git(context, snapshot, carrier)
        if not found.clean or found.behind or found.gates:
            return CombinationProof(state="passed")  # it cannot merge yet: the examination reports why
        together = merges_in_one_move(context)
        if found.tree in memory.green:
            return CombinationProof(state="passed", tree=found.tree)
        known = checker.known(found.tree)
        if not together and known is not None and known.outcome == "passed":
            return CombinationProof(state="passed", tree=found.tree)
        scene = CheckContext(
            git=context.repository.git,
            store=context.store,
            stacks=stacks_on(context, snapshot),
            base=snapshot.base,
            base_commit=snapshot.base_commit,
            book=context.options.book,
            maker=context.maker,
        )
        search = LevelSearch(scene, options, checker, self._notices, self._recent(context), self._unclear)
        if context.options.strategy == "single-pr":
            works = [work for work in snapshot.works if work.task in carrier.tasks]
            return search.whole(list(map(_task_head, works)), found.tree, carrier.branch)
        first = snapshot.work(carrier.tasks[0])
        others = (one for one in snapshot.works if one.task != first.task and one.branch not in memory.held)
        ahead = filter(_is_ready, others)
        each = options.prove == "each" and not together
        if each:
            works = [first, *islice(ahead, _AHEAD * checker.slots)]
        else:
            works = _landing_next(context, snapshot, [first, *ahead])
        return search.first(list(map(_task_head, works)), found.tree, carrier.branch, each=each)

    def _recent(self, context: LandingContext) -> tuple[int, int]:
        """Returns the result of `recent_failures`, as it was at the first call."""
        if self._history is None:
            self._history = recent_failures(context.store)
        return self._history


def merges_in_one_move(context: LandingContext) -> bool:
    """Whether the forge merges a checked prefix with one move of the base and one commit."""
    options = context.options
    return options.strategy == "multi-pr" and options.method == "merge" and context.forge.merges_together


def proves_last_only(context: LandingContext) -> bool:
    """Whether only the last of several trees is checked, so that the base also moves to unchecked trees."""
    check, strategy = context.options.check, context.options.strategy
    last = check is not None and check.prove == "last"
    return last and strategy == "multi-pr" and not merges_in_one_move(context)


def _landing_next(
    context: LandingContext, snapshot: LandingSnapshot, works: Sequence[TaskState]
) -> list[TaskState]:
    """Returns the first works that landing can merge one after the other without an update."""
    onto = Combinations(
        context.repository.git, stacks_on(context, snapshot), [work.head or "" for work in works]
    )
    asked = context.options.check.window if context.options.check is not None else None
    chosen: Combination = ()
    most = max(WIDEST, asked or 0)
    for number, work in enumerate(works):
        base = onto.commit(chosen)
        if base is None or len(chosen) == most:
            break
        found = examine_in_git(context, msgspec.structs.replace(snapshot, base_commit=base), carrier_of(work))
        if found.behind:
            break  # landing updates it first, so its tree changes
        if found.clean and not found.gates:
            chosen = (*chosen, number)
    return [works[number] for number in chosen]


def _is_ready(work: TaskState) -> bool:
    return work.standing == "ready" and not work.waits_for and work.head is not None


def _task_head(work: TaskState) -> TaskHead:
    return TaskHead(task=work.task, head=work.head or "")
