"""Proving what is to land: its combinations are checked before the base becomes them.

What is checked ahead is a guess that fills the memory of results; the base moves only to a tree of which
there is a result. So a base that moved meanwhile, another client or a killed run cost checks, and never a
proof.
"""

from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from gitcoord.checks.model import Checker, CheckResult, CheckTarget
from gitcoord.checks.search import Combination, SearchPolicy, SearchResult, decide
from gitcoord.checks.window import Window, choose_window
from gitcoord.events import TaskDeferred, TaskLanded
from gitcoord.git.merges import tree_of
from gitcoord.git.run import Oid
from gitcoord.merging.combinations import Combinations, SeenCombinations
from gitcoord.merging.culprits import Culprits
from gitcoord.merging.examine import examine_in_git
from gitcoord.merging.model import Carrier, Work, World
from gitcoord.merging.observe import Scene, stacks_on
from gitcoord.merging.proof import CheckOptions, Proof
from gitcoord.merging.telling import LandingNotices
from gitcoord.tasks.model import TaskId

_AHEAD = 2
"""Branches ahead for each slot that combinations are made of, where the base becomes each of them."""
_RECENT = 50
"""Landings and failures that the rate of failures is taken from."""


class Prover:
    """Proves the carriers of one run of landing."""

    def __init__(self, notices: LandingNotices) -> None:
        self._notices = notices
        self._unclear: dict[Oid, CheckResult] = {}
        self._history: tuple[int, int] | None = None

    def forget(self) -> None:
        """Time has passed: what could not be told may be tried again."""
        self._unclear.clear()

    def prove(self, scene: Scene, world: World, carrier: Carrier) -> Proof:
        """Check what the base would become with `carrier`, and beside it what comes next."""
        options, checker = scene.options.check, scene.checker
        if options is None or checker is None:
            raise AssertionError("only what has a check is proved")
        found = examine_in_git(scene, world, carrier)
        if not found.clean or found.behind or found.gates:
            return Proof(state="passed")  # nothing merges yet: looking closer says why
        known = checker.known(found.tree)
        if known is not None and known.outcome == "passed":
            return Proof(state="passed", tree=found.tree)
        search = _Search(scene, world, options, checker, self._notices, self._unclear)
        if scene.options.strategy == "single-pr":
            return search.whole(carrier, found.tree, self._recent(scene))
        return search.first(carrier, found.tree, self._recent(scene))

    def _recent(self, scene: Scene) -> tuple[int, int]:
        """Failures of the check, and landings with them, among the last of the journal."""
        if self._history is None:
            events = [entry.event for entry in scene.store.journal()]
            failed = [isinstance(one, TaskDeferred) and bool(one.check) for one in events if _counts(one)]
            self._history = sum(failed[-_RECENT:]), len(failed[-_RECENT:])
        return self._history


def _counts(event: object) -> bool:
    return isinstance(event, TaskLanded) or (isinstance(event, TaskDeferred) and bool(event.check))


class _Search:
    """The checks of one proof."""

    def __init__(
        self,
        scene: Scene,
        world: World,
        options: CheckOptions,
        checker: Checker,
        notices: LandingNotices,
        unclear: dict[Oid, CheckResult],
    ) -> None:
        self._scene, self._world, self._options = scene, world, options
        self._checker, self._notices, self._unclear = checker, notices, unclear
        self._git = scene.repository.git
        self._stacks = stacks_on(scene, world)
        self._base_tree = tree_of(self._git, world.base_commit)

    def first(self, carrier: Carrier, tree: Oid, recent: tuple[int, int]) -> Proof:
        """Multi-PR: the base becomes each prefix, so that each has to pass; the carrier is the next one."""
        works = [self._world.work(carrier.tasks[0])]
        ahead = (one for one in self._world.works if _comes(one) and one.task != works[0].task)
        works += islice(ahead, _AHEAD * self._checker.slots)
        combinations = self._combinations(works)
        works = [works[number] for number in combinations.merging()]
        combinations = self._combinations(works)
        if combinations.tree((0,)) != tree:
            return self._as_it_is(carrier, tree)
        result = self._run(combinations, works, recent, each=True, until=lambda found: found.knows(0))
        if 0 in result.passed:
            return Proof(state="passed", tree=tree)
        if result.base:
            return self._base(result)
        if 0 in result.unclear:
            return Proof(state="held", reason=self._unclear_reason(tree))
        return Proof(state="failed", failing=(self._culprits().failing(works[0], tree, ()),))

    def whole(self, carrier: Carrier, tree: Oid, recent: tuple[int, int]) -> Proof:
        """Single-PR: the base becomes all that is good of the level branch, in one move."""
        works = [work for work in self._world.works if work.task in carrier.tasks]
        combinations = self._combinations(works)
        everything = tuple(range(len(works)))
        if combinations.tree(everything) != tree:
            return self._as_it_is(carrier, tree)
        result = self._run(combinations, works, recent, each=False, until=lambda found: False)
        if result.base:
            return self._base(result)
        if result.failed:
            culprits = self._culprits()
            failing = []
            for number in result.failed:
                before = tuple(one for one in result.passed if one < number)
                ahead = [(works[one].task, works[one].head or "") for one in before]
                failing.append(
                    culprits.failing(works[number], combinations.tree((*before, number)) or "", ahead)
                )
            return Proof(state="failed", failing=tuple(failing))
        if result.unclear:
            names = ", ".join(works[number].task for number in result.unclear)
            why = self._unclear_reason(combinations.tree((*result.passed, result.unclear[0])) or "")
            return Proof(state="held", reason=f"{why} (task {names})")
        return Proof(state="passed", tree=tree)

    def _as_it_is(self, carrier: Carrier, tree: Oid) -> Proof:
        """A level branch that holds more than its tasks: that is checked, and nobody is blamed."""
        while (result := self._result(tree)) is None or (
            result.outcome != "passed" and result.runs <= self._options.flaky
        ):
            self._check(
                [CheckTarget(tree=tree, parent=self._world.base_commit, again=result is not None)],
                carrier.tasks,
            )
        if result.outcome == "passed":
            return Proof(state="passed", tree=tree)
        reason = f"its check fails on {self._world.base} with all of {carrier.branch}: {result.reason}"
        return Proof(state="held", reason=reason)

    def _culprits(self) -> Culprits:
        return Culprits(
            self._scene,
            self._world,
            self._options,
            self._checker.slots,
            result_of=self._result,
            check=self._check,
        )

    def _combinations(self, works: Sequence[Work]) -> Combinations:
        return Combinations(self._git, self._stacks, [work.head or "" for work in works])

    def _run(
        self,
        combinations: Combinations,
        works: Sequence[Work],
        recent: tuple[int, int],
        *,
        each: bool,
        until: Callable[[SearchResult], bool],
    ) -> SearchResult:
        """Check combinations until `until` is content, or all is known."""
        seen = SeenCombinations(combinations, self._result)
        while True:
            window = self._window(decide(len(works), seen, self._policy(each=each)), recent)
            result = decide(len(works), seen, self._policy(window.size, each=each))
            if not result.wanted or result.base or until(result):
                return result
            self._notices.window(window, self._checker.slots, each=each)
            self._check_all(combinations, works, result.wanted)

    def _policy(self, window: int = 1, *, each: bool) -> SearchPolicy:
        return SearchPolicy(
            slots=self._checker.slots,
            window=window,
            flaky=self._options.flaky,
            each=each,
            allow_red_base=self._options.allow_red_base,
        )

    def _window(self, result: SearchResult, recent: tuple[int, int]) -> Window:
        failures, landings = (
            recent[0] + len(result.failed),
            recent[1] + len(result.failed) + len(result.passed),
        )
        return choose_window(self._options.window, self._checker.slots, failures, landings)

    def _check_all(
        self, combinations: Combinations, works: Sequence[Work], wanted: Sequence[Combination]
    ) -> None:
        targets: dict[Oid, CheckTarget] = {}
        tasks: dict[Oid, tuple[TaskId, ...]] = {}
        for combination in wanted:
            tree = combinations.tree(combination)
            if tree is None or tree in targets:
                continue
            again = self._result(tree) is not None
            targets[tree] = CheckTarget(tree=tree, parent=self._world.base_commit, again=again)
            tasks[tree] = tuple(works[number].task for number in combination)
        for tree, result in self._checker.check(list(targets.values())).items():
            self._learn(result, tasks.get(tree, ()))

    def _check(self, targets: Sequence[CheckTarget], tasks: Sequence[TaskId]) -> None:
        for result in self._checker.check(targets).values():
            self._learn(result, tuple(tasks))

    def _learn(self, result: CheckResult, tasks: tuple[TaskId, ...]) -> None:
        if result.outcome == "unclear":
            before = self._unclear.get(result.tree)
            runs = 1 if before is None else before.runs + 1
            self._unclear[result.tree] = msgspec.structs.replace(result, runs=runs)
        else:
            self._unclear.pop(result.tree, None)
        self._notices.checked(result, tasks, self._world.base)

    def _result(self, tree: Oid) -> CheckResult | None:
        """What is known of a tree; on a base that may be red, what fails as the base does has not failed."""
        found = self._checker.known(tree) or self._unclear.get(tree)
        if found is None or not self._options.allow_red_base or found.outcome != "failed":
            return found
        base = self._checker.known(self._base_tree)
        same = base is not None and base.outcome == "failed" and base.code == found.code
        return msgspec.structs.replace(found, outcome="passed") if same and tree != self._base_tree else found

    def _unclear_reason(self, tree: Oid) -> str:
        found = self._unclear.get(tree)
        return f"its check has no clear result: {found.reason if found else 'it does not merge'}"

    def _base(self, result: SearchResult) -> Proof:
        found = self._result(self._base_tree)
        why = found.reason if found is not None else ""
        where = f"{self._world.base} itself at {self._world.base_commit[:12]}"
        if result.base == "unclear":
            return Proof(state="stopped", reason=f"the check of {where} has no clear result: {why}")
        way = "mend it first, or land what fails no worse with --allow-red-base"
        return Proof(state="stopped", reason=f"{where} fails the check: {why}; {way}")


def _comes(work: Work) -> bool:
    return work.standing == "ready" and not work.waits_for and work.head is not None
