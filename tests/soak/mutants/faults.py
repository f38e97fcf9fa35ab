"""The mutants: what is broken, and which scenarios have to do with it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.soak.drawing.deeds import Deed
from tests.soak.drawing.deeds import Kind as DeedKind
from tests.soak.drawing.scenario import Run, Scenario
from tests.soak.drawing.troubles import Trouble
from tests.soak.mutants.planting import Body, Fault, Replace

Aim = Callable[[Scenario], bool]


@dataclass(frozen=True)
class Mutant:
    """A fault by its name. `aims_at` picks scenarios of the ordinary drawing that have what it breaks."""

    name: str
    faults: tuple[Fault, ...]
    aims_at: Aim
    adopted: bool = False
    """Whether the scenarios are those of `--adopted`."""


def _undisturbed(scenario: Scenario) -> Iterator[Run]:
    """The first runs, those that nobody kills: what is drawn for them comes to pass."""
    for run in scenario.runs[:2]:
        if run.kill is None and all(trouble.kind != "kill" for trouble in run.troubles):
            yield run


def _deeds(scenario: Scenario, kind: DeedKind) -> Iterator[Deed]:
    return (deed for run in _undisturbed(scenario) for deed in run.deeds if deed.kind == kind)


def _troubles(scenario: Scenario, *kinds: str) -> Iterator[Trouble]:
    return (trouble for run in _undisturbed(scenario) for trouble in run.troubles if trouble.kind in kinds)


def _merges_alone(scenario: Scenario) -> bool:
    """Whether one client does all merges by calls, which are performed and answered at once."""
    around = scenario.around
    waits = around.merges_by_others or around.offers_async or around.gates.any
    return not waits and (around.finds_out or around.null_answers == 0)


def _pushed_while_merging(scenario: Scenario) -> bool:
    deeds = (*_deeds(scenario, "push to head"),)
    return _merges_alone(scenario) and any(
        "/merge" in deed.request and deed.when == "before" and deed.nth == 1 for deed in deeds
    )


def _retargeted(scenario: Scenario) -> bool:
    return any(deed.nth <= 2 for deed in _deeds(scenario, "retarget")) and _merges_alone(scenario)


def _quoted(scenario: Scenario) -> bool:
    return any(deed.nth <= 2 for deed in _deeds(scenario, "quote"))


def _many_with_forks(scenario: Scenario) -> bool:
    levels = [sum(work.level == level for work in scenario.works) for level in range(scenario.levels)]
    return scenario.strategy == "multi-pr" and max(levels) > 5 and any(_deeds(scenario, "fork"))


def _late_merges(scenario: Scenario) -> bool:
    late = (*_troubles(scenario, "late"),)
    return _merges_alone(scenario) and any(one.settings.get("partial") for one in late)


def _answers_lost(scenario: Scenario) -> bool:
    lost = (*_troubles(scenario, "partial-merge", "status"),)
    return _merges_alone(scenario) and any("merge" in one.request for one in lost)


def _mistaken(scenario: Scenario) -> bool:
    return any(_troubles(scenario, "wrong-tree", "wrong-tree-lost")) and _merges_alone(scenario)


def _mistaken_unanswered(scenario: Scenario) -> bool:
    return any(_troubles(scenario, "wrong-tree-lost")) and _merges_alone(scenario)


def _pushed_while_pushing(scenario: Scenario) -> bool:
    """Whether somebody pushes to a head between the look that finds it behind and the push to it."""
    pushes = any("/compare/" in deed.request for deed in _deeds(scenario, "push to head"))
    side_by_side = len(scenario.works) > scenario.levels
    return pushes and side_by_side and scenario.strategy == "multi-pr" and scenario.around.gates.strict


def _rolled_back(scenario: Scenario) -> bool:
    return scenario.roll_back


def _rolled_back_wrong_by_others(scenario: Scenario) -> bool:
    return scenario.spoils_rollback and scenario.around.gates.queue is not None


def _went_on(scenario: Scenario) -> bool:
    after = any(deed.when == "after" for deed in _deeds(scenario, "push to head"))
    return scenario.around.delete_branches and after and not scenario.around.host_deletes


def _settled_and_rebased(scenario: Scenario) -> bool:
    return scenario.method == "rebase" and any(work.settles for work in scenario.works)


def _closed(scenario: Scenario) -> bool:
    deeds = (*_deeds(scenario, "close"), *_deeds(scenario, "retarget"))
    return any(deed.nth == 1 and deed.lasts != 1 for deed in deeds)


def _imitated(scenario: Scenario) -> bool:
    slots = [(work.level, work.slot) for work in scenario.works if work.slot is not None]
    return len(slots) > len(set(slots)) + 1 and any(_deeds(scenario, "imitate"))


def _edited(scenario: Scenario) -> bool:
    """Whether a person's words are there when a push to the base takes a task out of the pull request."""
    works = [work for work in scenario.works if work.level == 0]
    slots = {work.slot for work in works if work.slot is not None}
    if scenario.strategy != "single-pr" or len(works) == 1:
        return False
    for run in _undisturbed(scenario):
        edits = any(deed.kind == "edit" and deed.nth == 1 for deed in run.deeds)
        written = {deed.slot for deed in run.deeds if deed.kind == "push to base"}
        written |= {works[deed.choice % len(works)].slot for deed in run.deeds if deed.kind == "quote"}
        if edits and written & slots:
            return True
    return False


_LEASES = "leases = [f\"--force-with-lease={update.ref}:{update.old or ''}\" for update in updates]"

_NO_HEAD_GUARD = Replace(
    "forge/github/guarded_merge.py",
    'body = {"sha": request.head, "merge_method": request.method}',
    'body = {"merge_method": str(request.method)}',
)
_NO_REJECTION = Body("landing/rejections.py", "find_rejection", "return None")

MUTANTS: tuple[Mutant, ...] = (
    Mutant("no head guard, adopted", (_NO_HEAD_GUARD,), _pushed_while_merging, adopted=True),
    Mutant("an owner's no ignored, adopted", (_NO_REJECTION,), _closed, adopted=True),
    Mutant(
        "no head guard",
        (_NO_HEAD_GUARD,),
        _pushed_while_merging,
    ),
    Mutant(
        "no base check",
        (
            Body("forge/github/guarded_merge.py", "GuardedMerges._changed", "return None"),
            Body("landing/verify_base.py", "base_holds", "return True"),
            Body("landing/rejections.py", "find_rejection", "return None"),
        ),
        _retargeted,
    ),
    Mutant(
        "words as evidence",
        (Body("evidence/proof_by_content.py", "proved_commit", "return next(iter(commits), None)"),),
        _quoted,
    ),
    Mutant(
        "forks counted",
        (
            Body(
                "forge/github/pull_types.py",
                "PullAnswer.head_branch",
                "return self.head.ref",
            ),
        ),
        _many_with_forks,
    ),
    Mutant(
        "no doubt after a lost answer",
        (Replace("landing/outcomes.py", "_DOUBTFUL_EXAMINATIONS = 4", "_DOUBTFUL_EXAMINATIONS = 0"),),
        _late_merges,
    ),
    Mutant(
        "writes sent again",
        (
            Replace("forge/github/transport.py", "allowed_methods=_READS", "allowed_methods=None"),
            Replace("forge/github/transport.py", "read=3,", "read=4,"),
        ),
        _answers_lost,
    ),
    Mutant("tree comparison skipped", (Body("landing/verify_landings.py", "prove", "return"),), _mistaken),
    Mutant(
        "deferred check skipped",
        (
            Body("landing/verify_landings.py", "SentMerges.prove_landed", "return"),
            Body("landing/verify_landings.py", "SentMerges.prove_recorded", "return"),
        ),
        _mistaken_unanswered,
    ),
    Mutant(
        "what others merged for a rollback is not compared",
        (Body("landing/verify_rollbacks.py", "prove_rollbacks", "return"),),
        _rolled_back_wrong_by_others,
    ),
    Mutant(
        "lease without a value",
        (
            Replace(
                "git/ref_push.py",
                _LEASES,
                'leases = [f"--force-with-lease={update.ref}" for update in updates]',
            ),
        ),
        lambda scenario: True,
    ),
    Mutant(
        "force in place of the lease",
        (Replace("git/ref_push.py", _LEASES, 'leases = ["--force"]'),),
        _pushed_while_pushing,
    ),
    Mutant("rollback ignored", (Body("evidence/rollbacks.py", "stands", "return True"),), _rolled_back),
    Mutant(
        "spent branch deleted whatever its tip",
        (Body("evidence/spent_branches.py", "is_spent", "return True"),),
        _went_on,
    ),
    Mutant(
        "rebase that drops a settlement",
        (
            Replace(
                "landing/mergeability.py",
                'if tip is None or git.text("rev-parse", f"{tip}^{{tree}}") != merged.tree:',
                "if tip is None:",
            ),
        ),
        _settled_and_rebased,
    ),
    Mutant(
        "a person's no ignored",
        (_NO_REJECTION,),
        _closed,
    ),
    Mutant(
        "a person's words replaced",
        (
            Replace(
                "landing/pull_texts.py",
                'own = bool(ends) and ends[-1]["title"] == _digest(pull.title)',
                "own = bool(ends)",
            ),
        ),
        _edited,
    ),
    Mutant(
        "foreign comments edited",
        (Body("forge/github/comments.py", "Conversation._is_own", "return True"),),
        _imitated,
    ),
)
