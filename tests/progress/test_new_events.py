"""New events of a journal, which may be among older ones."""

from hypothesis import given
from hypothesis import strategies as st

from gitcoord.cli.views.dashboard.lines import PlainLines
from gitcoord.events import AnyEvent, TaskSubmitted
from gitcoord.progress.make_picture import make_picture
from gitcoord.progress.new_events import NewEvents
from tests.progress.plans import COMMIT, at, planned, task

PLAN = planned([task("1"), task("2"), task("3")])


def submitted(id: str, seconds: float) -> TaskSubmitted:
    return TaskSubmitted(at=at(seconds), by=f"agent-{id}@vm", task=id, head=COMMIT, branch=f"feature/{id}")


@given(st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 2)), max_size=12), st.data())
def test_each_event_is_taken_once_in_whatever_order_it_arrives(
    written: list[tuple[str, int]], data: st.DataObject
) -> None:
    by_task: dict[str, list[AnyEvent]] = {}
    for id, seconds in sorted(written):
        by_task.setdefault(id, []).append(submitted(id, seconds))
    new, arrived, taken = NewEvents(), dict.fromkeys(by_task, 0), list[AnyEvent]()
    everything = [event for events in by_task.values() for event in events]
    while len(taken) < len(everything):
        id = data.draw(st.sampled_from([id for id in by_task if arrived[id] < len(by_task[id])]))
        arrived[id] += 1
        journal = [event for id, count in arrived.items() for event in by_task[id][:count]]
        journal.sort(key=lambda event: event.at)
        found = new.take(journal)
        assert found == [by_task[id][arrived[id] - 1]]
        assert new.take(journal) == []
        taken += found
    assert sorted(map(str, taken)) == sorted(map(str, everything))


def test_a_line_is_printed_for_an_event_that_arrives_after_a_later_one() -> None:
    first, late, last = submitted("1", 1), submitted("2", 2), submitted("3", 3)
    lines = PlainLines()
    printed = []
    for events in ([], [first], [first, last], [first, late, last], [first, late, last]):
        printed += lines.lines(make_picture(PLAN, events, (), at(10)), events, 0.0)[: len(events)]
    told = [line for line in printed if "submitted" in line]
    assert [line.split()[2] for line in told] == ["1", "3", "2"]


def test_the_journal_of_another_plan_is_new() -> None:
    new = NewEvents()
    assert new.take([submitted("1", 1)]) == [submitted("1", 1)]
    assert new.take([submitted("2", 1)]) == [submitted("2", 1)]
    assert new.take([]) == []
