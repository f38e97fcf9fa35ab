"""Landing beside a run: what is in its way for a moment is no reason for the run to end."""

import time
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.running.coordinator.landing import Landing, LevelWish
from gitcoord.running.coordinator.observe import Observer
from gitcoord.running.coordinator.tries import Limits
from gitcoord.running.engines.local import LocalEngine
from tests.state.world import plan_of, store_of, submitted
from tests.support.repos import Repo


def test_what_keeps_a_pass_from_its_end_is_waited_for_and_told_once(tmp_path: Path) -> None:
    remote, desk = Repo.pair(tmp_path)
    store = store_of(desk)
    store.save_plan(plan_of([["1"]]))
    work = remote.commit({"1.txt": "1\n"}, branch="feature/level-0-task-1")
    store.record(submitted("1", work))
    store.refresh()
    view = Observer(store, LocalEngine(tmp_path), Limits(), None).look(0.0, None)
    ways = ["github-no-answer", "github-no-answer", "", "bad-token", "bad-token", "bad-token"]
    said: list[str] = []

    def land(wish: LevelWish) -> None:
        code = ways.pop(0)
        if code:
            raise GitcoordError(code, "So it is", hint="Look.")

    landing = Landing(land, said.append)
    hindered = []
    for number in range(len(ways)):
        # The base moves, so that it is tried at once.
        assert landing.begin(msgspec.structs.replace(view, base_commit=str(number)), {})
        while not landing.finished():
            time.sleep(0.001)
        hindered.append(landing.hindered)
    assert hindered == [True, True, False, True, True, False]
    assert said == ["landing level-0: So it is. Look."] * 2
