"""Tasks spread over parts: never a worse sum of risks than what was there, and never what must not be."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from gitcoord.planning.risk_partition import NEVER, respread, spread
from gitcoord.planning.risks import expected_conflicts
from gitcoord.tasks.model import TaskId

IDS = [TaskId(str(number)) for number in range(12)]
pairs = st.dictionaries(
    st.sampled_from(list(combinations(IDS, 2))), st.floats(0.01, 1, allow_nan=False), max_size=25
)


def both_ways(risks: dict[tuple[TaskId, TaskId], float]) -> dict[TaskId, dict[TaskId, float]]:
    found: dict[TaskId, dict[TaskId, float]] = {}
    for (one, other), chance in risks.items():
        found.setdefault(one, {})[other] = chance
        found.setdefault(other, {})[one] = chance
    return found


def test_what_probably_conflicts_does_not_meet() -> None:
    risk = both_ways({(IDS[0], IDS[1]): 0.9, (IDS[0], IDS[2]): 0.4, (IDS[1], IDS[2]): 0.4})
    found = spread(IDS[:6], count=3, room=2, risk=risk)
    assert sorted(map(len, found)) == [2, 2, 2]
    assert expected_conflicts(found, risk) == 0
    # The two least likely to conflict share the place that is left.
    assert expected_conflicts(spread(IDS[:3], count=2, room=2, risk=risk), risk) == 0.4


def test_minutes_and_conflicts_are_weighed() -> None:
    minutes = {IDS[0]: 60.0, IDS[1]: 60.0, IDS[2]: 10.0, IDS[3]: 10.0}
    risk = both_ways({(IDS[0], IDS[1]): 0.5})
    together = [[IDS[0], IDS[1]], [IDS[2], IDS[3]]]
    assert spread(IDS[:4], count=2, room=2, risk=risk, minutes=minutes, rework=60) == together
    apart = spread(IDS[:4], count=2, room=2, risk=risk, minutes=minutes, rework=200)
    assert expected_conflicts(apart, risk) == 0


@given(pairs, st.integers(1, 5), st.permutations(IDS))
def test_no_step_makes_it_worse(
    risks: dict[tuple[TaskId, TaskId], float], room: int, order: list[TaskId]
) -> None:
    risk = both_ways(risks)
    count = -(-len(order) // room)
    found = spread(order, count=count, room=room, risk=risk)
    assert sorted(task for part in found for task in part) == sorted(IDS)
    assert len(found) <= count
    assert max(map(len, found)) <= room
    plain = [order[start : start + room] for start in range(0, len(order), room)]
    assert expected_conflicts(found, risk) <= expected_conflicts(plain, risk) + 1e-9
    moved = respread(plain, risk=risk, fixed=order[:3])
    assert len(moved) == len(plain)
    assert all(moved)
    assert expected_conflicts(moved, risk) <= expected_conflicts(plain, risk) + 1e-9
    assert [place for task in order[:3] for place, part in enumerate(moved) if task in part] == [
        place for task in order[:3] for place, part in enumerate(plain) if task in part
    ]


def test_what_excludes_each_other_is_never_brought_together() -> None:
    risk = both_ways({(IDS[0], IDS[1]): 0.9, (IDS[0], IDS[2]): NEVER, (IDS[1], IDS[2]): 0.0})
    assert expected_conflicts(respread([[IDS[0], IDS[1]], [IDS[2]]], risk=risk), risk) == 0
