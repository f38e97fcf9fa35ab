"""Searches a level for the combination of branches that passes the check, and explains the failures."""

from collections.abc import Callable, Container, Mapping, Sequence

import msgspec

from gitcoord.checks.model import Checker, CheckResult, CheckTarget
from gitcoord.checks.search import decide
from gitcoord.checks.subjects import ByItself, SearchPolicy, SearchResult, Subject
from gitcoord.checks.window import Window, choose_window
from gitcoord.events import TaskDeferred, TaskLanded
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Oid
from gitcoord.landing.combinations import Combinations, RunningCombinations, SeenCombinations
from gitcoord.landing.culprits import Culprits, FailedCombination
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.proof import (
    CheckContext,
    CheckOptions,
    CombinationProof,
    FailingTask,
    LevelProof,
    TaskHead,
)
from gitcoord.notices import ChecksRunning
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId

_RECENT = 50
"""The number of recent landings and failures from which the failure rate is computed."""


def recent_failures(store: Store) -> tuple[int, int]:
    """Returns the number of recent failed checks, and that of recent landings and failed checks together.

    Counts the last `_RECENT` of them in the journal.
    """
    events = [entry.event for entry in store.journal()]
    failed = [isinstance(one, TaskDeferred) and bool(one.check) for one in events if _counts(one)]
    return sum(failed[-_RECENT:]), len(failed[-_RECENT:])


def _counts(event: object) -> bool:
    return isinstance(event, TaskLanded) or (isinstance(event, TaskDeferred) and bool(event.check))


class LevelSearch:
    """Checks combinations of branches on one base.

    `recent` is the result of `recent_failures`. `unclear` has the unclear results by tree; the search adds to
    it.
    """

    def __init__(
        self,
        context: CheckContext,
        options: CheckOptions,
        checker: Checker,
        notices: LandingNotices,
        recent: tuple[int, int],
        unclear: dict[Oid, CheckResult] | None = None,
    ) -> None:
        self._place, self._options, self._checker = context, options, checker
        self._notices, self._recent = notices, recent
        self._unclear = {} if unclear is None else unclear
        self._base_tree = tree_of(context.git, context.base_commit)
        self._merged: dict[tuple[Oid, ...], Combinations] = {}

    def first(self, works: Sequence[TaskHead], tree: Oid, branch: str, *, each: bool) -> CombinationProof:
        """Multi-PR: checks `works` in this order until the first has a verdict; that one alone gives `tree`.

        Leaves out works that conflict with earlier ones. With `each`, the base moves to each prefix of the
        passed works, so each must pass; else only all of them together must pass.
        """
        works = [works[number] for number in self._combinations(works).merging()]
        combinations = self._combinations(works)
        if combinations.tree((0,)) != tree:
            return self._as_it_is(works[:1], tree, branch)
        result = self._run(combinations, works, each=each, until=_has_first_verdict)
        if 0 in result.passed:
            found = [combinations.tree(result.passed[:size]) for size in range(1, len(result.passed) + 1)]
            passed = tuple(works[number] for number in result.passed)
            trees = tuple(one for one in found if one is not None)
            # Report branches that fail alone now: after the base has moved, that would need another check.
            alone = [one for one in result.failed if self._fails_alone(combinations, one)]
            failing = tuple(self._failing(combinations, works, result, alone))
            return CombinationProof(state="passed", tree=tree, works=passed, trees=trees, failing=failing)
        if result.base:
            return self._base(result)
        if 0 in result.unclear:
            return CombinationProof(state="held", reason=self._unclear_reason(tree))
        failed = [FailedCombination(work=works[0], tree=tree)]
        return CombinationProof(state="failed", failing=tuple(self._culprits().failing(failed)))

    def whole(self, works: Sequence[TaskHead], tree: Oid, branch: str) -> CombinationProof:
        """Single-PR: checks `tree`, the base with all of `branch`, to which the base moves in one step."""
        combinations = self._combinations(works)
        if combinations.tree(tuple(range(len(works)))) != tree:
            return self._as_it_is(works, tree, branch)
        found = self.all(works)
        if found.base:
            return CombinationProof(state="stopped", reason=found.base)
        if found.failing:
            return CombinationProof(state="failed", failing=found.failing)
        if found.unclear:
            task, reason = found.unclear[0]
            return CombinationProof(state="held", reason=f"task {task}: {reason}")
        return CombinationProof(state="passed", tree=tree)

    def all(self, works: Sequence[TaskHead]) -> LevelProof:
        """Checks all of `works`: returns which may land together, which fail, and which are unclear."""
        combinations = self._combinations(works)
        result = self._run(combinations, works, each=False, until=lambda found: False)
        if result.base:
            return LevelProof(base=self._base(result).reason)
        failing = self._failing(combinations, works, result, result.failed)
        unclear = []
        for number in result.unclear:
            before = tuple(one for one in result.passed if one < number)
            tree = combinations.tree((*before, number)) or ""
            unclear.append((works[number].task, self._unclear_reason(tree)))
        passed = tuple(works[number].task for number in result.passed)
        return LevelProof(passed=passed, failing=tuple(failing), unclear=tuple(unclear))

    def _failing(
        self,
        combinations: Combinations,
        works: Sequence[TaskHead],
        result: SearchResult,
        numbers: Sequence[int],
    ) -> list[FailingTask]:
        """Explains the failures of `numbers`: finds the tasks with which each fails."""
        failed = []
        for number in numbers:
            before = tuple(one for one in result.passed if one < number)
            ahead = tuple(works[one] for one in before)
            tree = combinations.tree((*before, number)) or ""
            failed.append(FailedCombination(work=works[number], tree=tree, ahead=ahead))
        return self._culprits().failing(failed)

    def _fails_alone(self, combinations: Combinations, number: int) -> bool:
        found = self._result(combinations.tree(ByItself(number)) or "")
        return found is not None and found.outcome == "failed"

    def _as_it_is(self, works: Sequence[TaskHead], tree: Oid, branch: str) -> CombinationProof:
        """Checks a branch that contains more than its tasks, without a search; blames no task."""
        while (result := self._result(tree)) is None or (
            result.outcome != "passed" and result.runs <= self._options.flaky
        ):
            again = result is not None
            target = CheckTarget(tree=tree, parent=self._place.base_commit, again=again)
            self._check([target], {tree: tuple(work.task for work in works)})
        if result.outcome == "passed":
            return CombinationProof(state="passed", tree=tree)
        return CombinationProof(
            state="held",
            reason=f"its check fails on {self._place.base} with all of {branch}: {result.reason}",
        )

    def _culprits(self) -> Culprits:
        place, slots = self._place, self._checker.slots
        return Culprits(place, self._options, slots, result_of=self._result, check=self._check)

    def _combinations(self, works: Sequence[TaskHead]) -> Combinations:
        heads = tuple(work.head for work in works)
        if heads not in self._merged:
            place = self._place
            self._merged[heads] = Combinations(place.git, place.stacks, heads, place.regenerate)
        return self._merged[heads]

    def _run(
        self,
        combinations: Combinations,
        works: Sequence[TaskHead],
        *,
        each: bool,
        until: Callable[[SearchResult], bool],
    ) -> SearchResult:
        """Checks combinations until `until` returns True or the search is over."""
        seen = SeenCombinations(combinations, self._result)
        running = RunningCombinations(combinations, self._checker)
        while True:
            window = self._window(decide(len(works), seen, self._policy(each=each)))
            result = decide(len(works), seen, self._policy(window.size, each=each), running)
            ended = not result.wanted or bool(result.base) or until(result)
            self._notices.checking(self._running(result, works, ended=ended))
            if ended:
                return result
            shown = (
                window
                if window.requested
                else msgspec.structs.replace(window, size=min(window.size, len(works)))
            )
            self._notices.window(shown, self._checker.slots, each=each)
            self._check_all(combinations, works, result.wanted)

    def _running(self, result: SearchResult, works: Sequence[TaskHead], *, ended: bool) -> ChecksRunning:
        wanted = () if ended else result.wanted[: self._checker.slots]
        out = _tasks(works, (*result.failed, *result.unclear, *result.suspects))
        running = tuple(_tasks(works, subject) for subject in wanted)
        passed = _tasks(works, result.passed)
        return ChecksRunning(base=self._place.base, passed=passed, running=running, out=out)

    def _policy(self, window: int = 1, *, each: bool) -> SearchPolicy:
        return SearchPolicy(
            slots=self._checker.slots,
            window=window,
            flaky=self._options.flaky,
            each=each,
            allow_red_base=self._options.allow_red_base,
        )

    def _window(self, result: SearchResult) -> Window:
        failures, landings = (
            self._recent[0] + len(result.failed),
            self._recent[1] + len(result.failed) + len(result.passed),
        )
        return choose_window(self._options.window, self._checker.slots, failures, landings)

    def _check_all(
        self, combinations: Combinations, works: Sequence[TaskHead], wanted: Sequence[Subject]
    ) -> None:
        targets: dict[Oid, CheckTarget] = {}
        tasks: dict[Oid, tuple[TaskId, ...]] = {}
        alone = set[Oid]()
        for subject in wanted:
            tree = combinations.tree(subject)
            if tree is None or tree in targets:
                continue
            again = self._result(tree) is not None
            targets[tree] = CheckTarget(tree=tree, parent=self._place.base_commit, again=again)
            tasks[tree] = _tasks(works, subject)
            if isinstance(subject, ByItself):
                alone.add(tree)
        self._check(list(targets.values()), tasks, alone)

    def _check(
        self,
        targets: Sequence[CheckTarget],
        tasks: Mapping[Oid, tuple[TaskId, ...]],
        alone: Container[Oid] = (),
    ) -> None:
        """Checks until at least one target has a result; `alone` are the trees of single branches."""
        for tree, named in tasks.items():
            self._notices.name_tree(tree, named, "" if tree in alone else self._place.base)
        for result in self._checker.check(targets).values():
            self._learn(result)

    def _learn(self, result: CheckResult) -> None:
        if result.outcome == "unclear":
            before = self._unclear.get(result.tree)
            runs = 1 if before is None else before.runs + 1
            self._unclear[result.tree] = msgspec.structs.replace(result, runs=runs)
        else:
            self._unclear.pop(result.tree, None)
        self._notices.checked(result)

    def _result(self, tree: Oid) -> CheckResult | None:
        """Returns a tree's result, if known.

        With `allow_red_base`, a failure with the exit code of the base's failure counts as passed.
        """
        found = self._checker.known(tree) or self._unclear.get(tree)
        if found is None or not self._options.allow_red_base or found.outcome != "failed":
            return found
        base = self._checker.known(self._base_tree)
        same = base is not None and base.outcome == "failed" and base.code == found.code
        return msgspec.structs.replace(found, outcome="passed") if same and tree != self._base_tree else found

    def _unclear_reason(self, tree: Oid) -> str:
        found = self._unclear.get(tree)
        return f"its check has no clear result: {found.reason if found else 'it does not merge'}"

    def _base(self, result: SearchResult) -> CombinationProof:
        found = self._result(self._base_tree)
        why = found.reason if found is not None else ""
        where = f"{self._place.base} itself at {self._place.base_commit[:12]}"
        if result.base == "unclear":
            return CombinationProof(
                state="stopped", reason=f"the check of {where} has no clear result: {why}"
            )
        way = "fix it first, or use --allow-red-base to land work that fails in the same way"
        return CombinationProof(state="stopped", reason=f"{where} fails the check: {why}; {way}")


def _has_first_verdict(found: SearchResult) -> bool:
    """Whether the first branch has a verdict, and no suspect precedes the last branch that passed."""
    last = max(found.passed, default=0)
    return found.knows(0) and not any(one < last for one in found.suspects)


def _tasks(works: Sequence[TaskHead], subject: Subject) -> tuple[TaskId, ...]:
    numbers = (subject.branch,) if isinstance(subject, ByItself) else subject
    return tuple(works[number].task for number in numbers)
