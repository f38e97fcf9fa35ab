"""The decisions alone: worlds as values, no repository."""

import msgspec
import pytest

from gitcoord.evidence.model import Landing
from gitcoord.forge.pull_requests import Gate
from gitcoord.landing.decide import PATIENCE, next_step
from gitcoord.landing.model import MergeReadiness, Options
from gitcoord.landing.report import held_reasons
from gitcoord.landing.steps import (
    Adopt,
    Defer,
    Examine,
    Finish,
    Fold,
    Hold,
    Merge,
    OpenPull,
    Rebuild,
    RecordLanding,
    Retarget,
    Settle,
    Step,
    Update,
    Wait,
)
from gitcoord.tasks.model import TaskId
from tests.landing.worlds import level, memory, pull, work, world

SINGLE, MULTI = Options(strategy="single-pr"), Options(strategy="multi-pr")


def test_the_journal_learns_first_what_git_shows() -> None:
    landed = work("1", "landed", landing=Landing(commit="c", head="h"))
    seen = world(landed, work("2", "landed", journaled=True), work("3", recorded=None), branch=level())
    for options in (SINGLE, MULTI):
        assert next_step(seen, memory(), options) == RecordLanding(tasks=(TaskId("1"),))
    rest = world(work("3", recorded=None), work("4", recorded="older"), work("5"))
    assert next_step(rest, memory(), MULTI) == Adopt(tasks=(TaskId("3"), TaskId("4")))


def test_a_few_pull_requests_are_open_before_the_first_is_merged_and_the_rest_as_needed() -> None:
    step = next_step(world(work("1"), work("2", pull=None)), memory(), MULTI)
    assert isinstance(step, OpenPull)
    assert step.carrier.tasks == ("2",)
    opened = [work(str(number)) for number in range(1, 9)]
    rest = [work(str(number), pull=None) for number in range(9, 30)]
    assert isinstance(next_step(world(*opened, *rest), memory(), MULTI), Examine)
    landed = work("1", "landed", journaled=True)
    step = next_step(world(landed, *opened[1:], *rest), memory(), MULTI)
    assert isinstance(step, OpenPull)
    assert step.carrier.tasks == ("9",)
    # Those that are held let the next ones be opened: their checks run meanwhile.
    known = memory()
    known.held |= {one.branch: "check ci: it has not been reported yet" for one in opened}
    assert isinstance(next_step(world(*opened, *rest), known, MULTI), OpenPull)


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (None, Examine),
        (MergeReadiness(clean=False, paths=("a",)), Defer),
        (MergeReadiness(clean=True, behind=True), Update),
        (MergeReadiness(clean=True, gates=(Gate(name="check ci", reason="it failed"),)), Hold),
        (MergeReadiness(clean=True, settled=False), Settle),
        (MergeReadiness(clean=True, tree="t"), Merge),
    ],
)
def test_a_task_is_examined_and_then_treated_as_was_found(
    found: MergeReadiness | None, step: type[Step]
) -> None:
    known = memory() if found is None else memory(t1=found)
    assert isinstance(next_step(world(work("1"), work("2")), known, MULTI), step)


def test_a_held_task_lets_the_others_of_its_wave_go_on_and_waits_with_its_reason() -> None:
    known = memory(impatient=False)
    known.held["task-1"] = "check ci: it failed"
    both = world(work("1"), work("2"))
    step = next_step(both, known, MULTI)
    assert isinstance(step, Examine)
    assert step.carrier.tasks == ("2",)
    assert held_reasons(both, known, MULTI) == {"1": "check ci: it failed"}


def test_a_later_wave_goes_after_the_earlier_one_as_long_as_there_is_time() -> None:
    seen = world(work("1", "waiting"), work("2", wave=2))
    assert next_step(seen, memory(impatient=False), MULTI) == Wait()
    assert isinstance(next_step(seen, memory(), MULTI), Examine)


def test_what_does_not_settle_is_held_in_the_end() -> None:
    known = memory(t1=MergeReadiness(clean=True, settled=False))
    known.stalled, known.settling["task-1"] = PATIENCE, 2
    assert isinstance(next_step(world(work("1")), known, MULTI), Hold)


def test_a_lost_answer_is_looked_at_before_the_merge_is_sent_again() -> None:
    known = memory(t1=MergeReadiness(clean=True, tree="t"))
    known.doubt["task-1"] = 1
    assert isinstance(next_step(world(work("1")), known, MULTI), Settle)


def test_a_stopped_run_ends_and_says_why_for_what_was_ready() -> None:
    known = memory()
    known.stopped = "Squash merges are not allowed on this repository."
    seen = world(work("1"), work("2", "landed", journaled=True))
    assert next_step(seen, known, MULTI) == Finish()
    assert held_reasons(seen, known, MULTI)[TaskId("1")] == known.stopped


def test_the_level_is_folded_whole_and_then_merged_as_one() -> None:
    first = world(work("1", folded=True), work("2"), branch=level())
    assert next_step(first, memory(), SINGLE) == Fold(task=TaskId("2"))
    folded = world(work("1", folded=True), work("2", folded=True), branch=level())
    step = next_step(folded, memory(), SINGLE)
    assert isinstance(step, OpenPull)
    assert step.carrier.tasks == ("1", "2")


def test_the_level_waits_for_its_wave_unless_told_not_to() -> None:
    seen = world(work("1", folded=True), work("2", "waiting"), branch=level())
    assert next_step(seen, memory(), SINGLE) == Finish()
    assert next_step(seen, memory(impatient=False), SINGLE) == Wait()
    partial = msgspec.structs.replace(SINGLE, partial=True)
    assert isinstance(next_step(seen, memory(), partial), OpenPull)


def test_a_level_does_not_wait_for_what_builds_on_its_own_tasks() -> None:
    ready = work("1", folded=True, pull=None)

    def step(*lacks: str) -> Step:
        return next_step(world(ready, work("2", "waiting", lacks=lacks), branch=level()), memory(), SINGLE)

    assert isinstance(step("1"), OpenPull)
    assert isinstance(step("1", "elsewhere"), Finish)
    assert isinstance(step(), Finish)
    later = world(work("1", folded=True), work("2", "waiting", wave=2), branch=level())
    assert isinstance(next_step(later, memory(), SINGLE), OpenPull)


def test_a_level_branch_is_made_anew_only_when_nobody_worked_in_it() -> None:
    tasks = (work("1", folded=True), work("2", "deferred"))
    ours = world(*tasks, branch=level(excess=(TaskId("2"),)))
    assert next_step(ours, memory(), SINGLE) == Rebuild(tasks=(TaskId("1"),))
    theirs = world(*tasks, branch=level(excess=(TaskId("2"),), by_hand=("hand",)))
    step = next_step(theirs, memory(), SINGLE)
    assert isinstance(step, Hold)
    assert step.final
    assert "commits that people made (hand)" in step.reason


def test_all_or_nothing_ends_when_something_is_deferred() -> None:
    seen = world(work("1", folded=True), work("2", "deferred"), branch=level())
    strict = msgspec.structs.replace(SINGLE, all_or_nothing=True)
    assert next_step(seen, memory(), strict) == Finish()


def test_a_pull_request_onto_what_has_landed_is_moved_once_before_it_counts_as_a_no() -> None:
    stranded = (TaskId("2"), pull(2, "task-2"))
    seen = msgspec.structs.replace(world(work("1"), work("2")), stranded=(stranded,))
    known = memory()
    assert next_step(seen, known, MULTI) == Retarget(pulls=(stranded,))
    known.retargeted.add(2)
    assert not isinstance(next_step(seen, known, MULTI), Retarget)
