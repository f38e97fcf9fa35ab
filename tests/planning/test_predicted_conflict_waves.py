"""Waves of a plan by what is foretold of its tasks: never more of them, unless a conflict has a price."""

from hypothesis import given
from hypothesis import strategies as st

from gitcoord.planning.declared_conflicts import find_clashes
from gitcoord.planning.model import Plan
from gitcoord.planning.risks import PairRisk, Risks, RiskyFile, carried, expected_conflicts
from gitcoord.planning.waves import capped_waves, footprint
from gitcoord.tasks.model import Task, TaskId
from tests.planning.lists import a_plan, a_task, task_lists, waves_of


def risks(*pairs: tuple[str, str, float], asserted: bool = False) -> Risks:
    return Risks(
        pairs=tuple(
            PairRisk(tasks=(TaskId(one), TaskId(other)), conflict=chance, asserted=asserted)
            for one, other, chance in pairs
        )
    )


# 1 and 2 exclude each other, so that there are two waves, and 3 has a choice.
TASKS = [a_task(1, modifies=("a",)), a_task(2, modifies=("a",)), a_task(3), a_task(4)]


def test_what_will_probably_conflict_goes_into_another_wave_that_is_there() -> None:
    assert waves_of(a_plan(TASKS)) == [[["1", "3", "4"], ["2"]]]
    assert waves_of(a_plan(TASKS, risks=risks(("1", "3", 0.4)))) == [[["1", "4"], ["2", "3"]]]
    # It is as likely in either wave, hardly worth a step, or the list says that they may run together.
    both = risks(("1", "3", 0.4), ("2", "3", 0.4))
    for known in (both, risks(("1", "3", 0.02)), risks(("1", "3", 0.9), asserted=True)):
        assert waves_of(a_plan(TASKS, risks=known)) == [[["1", "3", "4"], ["2"]]]


def test_a_wave_is_added_where_conflicts_cost_more_than_it() -> None:
    tasks = [a_task(number) for number in (1, 2, 3)]
    known = risks(("1", "2", 0.4), ("2", "3", 0.4))
    assert waves_of(a_plan(tasks, risks=known)) == [[["1", "2", "3"]]]
    assert waves_of(a_plan(tasks, risks=known, rework_cost=1.0)) == [[["1", "2", "3"]]]
    assert waves_of(a_plan(tasks, risks=known, rework_cost=2.0)) == [[["1", "3"], ["2"]]]


def test_the_parts_that_run_together_are_those_that_conflict_least() -> None:
    tasks = [a_task(number, estimate=30) for number in range(1, 7)]
    known = risks(("1", "2", 0.4), ("3", "4", 0.3), ("5", "6", 0.2))
    plan = a_plan(tasks, max_parallel=3, risks=known)
    parts = capped_waves(plan)
    assert len(parts) == 2
    assert expected_conflicts(parts, known.by_task()) == 0
    assert capped_waves(a_plan(tasks, max_parallel=3)) == [["1", "2", "3"], ["4", "5", "6"]]


@given(task_lists(), st.data())
def test_risks_cost_no_wave_and_no_clash(tasks: list[Task], data: st.DataObject) -> None:
    names = st.sampled_from([task.id for task in tasks])
    told = data.draw(st.lists(st.tuples(names, names, st.floats(0.02, 1)), max_size=6))
    known = risks(*[pair for pair in told if pair[0] != pair[1]])
    plain, weighed = a_plan(tasks), a_plan(tasks, risks=known)
    assert [len(level.waves) for level in weighed.levels] == [len(level.waves) for level in plain.levels]
    assert conflicts(weighed, known) <= conflicts(plain, known) + 1e-9
    clashes = find_clashes([footprint(task) for task in tasks])
    for level in weighed.levels:
        assert sorted(level.tasks) == sorted(task for wave in level.waves for task in wave)
        for wave in level.waves:
            assert all(len(clash & set(wave)) < 2 for clash in clashes.sets)
            assert len(wave) == 1 or clashes.alone.isdisjoint(wave)
    capped, before = capped_waves(weighed), capped_waves(plain)
    assert max(map(len, capped)) <= weighed.max_parallel
    assert sum(map(len, capped)) == sum(map(len, before))


def conflicts(plan: Plan, known: Risks) -> float:
    waves = [wave for level in plan.levels for wave in level.waves]
    return expected_conflicts(waves, known.by_task())


def test_what_was_foretold_of_work_that_has_begun_stays() -> None:
    one, two, three = (TaskId(str(number)) for number in (1, 2, 3))
    file, other = RiskyFile("a.py", 0.9), RiskyFile("b.py", 0.8)
    saved = Risks(
        pairs=risks(("1", "2", 0.1), ("2", "3", 0.3)).pairs, files={one: (file,), two: (file,)}, changes=50
    )
    # The base has task 1 by now, so that its own commit speaks of it.
    fresh = Risks(
        pairs=risks(("1", "2", 0.9), ("2", "3", 0.4)).pairs,
        files={one: (other,), two: (other,), three: (other,)},
        changes=51,
    )
    told = carried(fresh, saved, {one})
    assert [(pair.tasks, pair.conflict) for pair in told.pairs] == [((two, three), 0.4), ((one, two), 0.1)]
    assert told.files == {one: (file,), two: (other,), three: (other,)}
    assert told.changes == 51
    assert carried(fresh, Risks(), {one}) == fresh
