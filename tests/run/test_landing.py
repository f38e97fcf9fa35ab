"""Landing beside a run: what is in its way for a moment is no reason for the run to end."""

import time
from pathlib import Path

import msgspec

from gitcoord.engines.local import LocalEngine
from gitcoord.errors import GitcoordError
from gitcoord.notices import AnyNotice, BranchHeld, LandingFailed, Tell
from gitcoord.run.landing import LandingThread, LevelWish
from gitcoord.run.observe import Observer, RunView
from gitcoord.run.retry_policy import AttemptLimits
from gitcoord.tasks.model import TaskId
from tests.state.world import plan_of, store_of, submitted
from tests.support.repos import Repo


def handed_in(place: Path) -> RunView:
    """A level of one task, which is handed in."""
    remote, desk = Repo.pair(place)
    store = store_of(desk)
    store.save_plan(plan_of([["1"]]))
    work = remote.commit({"1.txt": "1\n"}, branch="feature/level-0-task-1")
    store.record(submitted("1", work))
    store.refresh()
    return Observer(store, LocalEngine(place), AttemptLimits(), None).look(0.0, None)


def land_once(landing: LandingThread, view: RunView, number: int) -> None:
    # The base moves, so that it is tried at once.
    assert landing.begin(msgspec.structs.replace(view, base_commit=str(number)), {})
    while not landing.finished():
        time.sleep(0.001)


def test_what_keeps_a_pass_from_its_end_is_waited_for_and_told_once(tmp_path: Path) -> None:
    view = handed_in(tmp_path)
    silent = GitcoordError("github-no-answer", "So it is", hint="Look.")
    refused = GitcoordError("bad-token", "So it is", hint="Look.")
    ways = [silent, silent, None, refused, refused, refused]
    said: list[AnyNotice] = []

    def land(wish: LevelWish, tell: Tell) -> dict[TaskId, str]:
        error = ways.pop(0)
        if error is not None:
            raise error
        return {}

    landing = LandingThread(land, said.append)
    hindered = []
    for number in range(len(ways)):
        land_once(landing, view, number)
        hindered.append(landing.hindered)
    assert hindered == [True, True, False, True, True, False]
    told = [
        LandingFailed(level="level-0", code=error.code, message="So it is", hint="Look.")
        for error in (silent, refused)
    ]
    assert said == told


def test_why_a_task_is_held_is_told_once_and_kept_until_it_changes(tmp_path: Path) -> None:
    view = handed_in(tmp_path)
    ways = ["closed", "closed", "", "closed"]
    said: list[AnyNotice] = []

    def land(wish: LevelWish, tell: Tell) -> dict[TaskId, str]:
        way = ways.pop(0)
        if not way:
            return {}
        tell(held(way))
        tell(held(way))
        return dict.fromkeys(wish.tasks, way)

    def held(reason: str) -> BranchHeld:
        return BranchHeld(branch="feature/1", tasks=("1",), reason=reason)

    landing = LandingThread(land, said.append)
    known = []
    for number in range(len(ways)):
        land_once(landing, view, number)
        known.append(landing.held)
    assert known == [{"1": "closed"}, {"1": "closed"}, {}, {"1": "closed"}]
    assert said == [held("closed")] * 2
