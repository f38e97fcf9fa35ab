"""Reading the journal: what is kept between two looks, and what a run last said."""

from pathlib import Path

import pytest

from gitcoord.event_stamp import now
from gitcoord.events import RunChanged
from gitcoord.tasks.model import TaskId
from tests.state.world import started, store_of, submitted
from tests.support.repos import Repo


@pytest.fixture
def alone(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "alone")
    repo.commit({"README.md": "# Project\n"})
    return repo


def test_the_newest_word_about_the_run_is_found_and_belongs_to_no_task(alone: Repo) -> None:
    store = store_of(alone)
    assert store.run() is None
    store.record(RunChanged(at=now(), by="a", state="running", max_parallel=4))
    store.record(RunChanged(at=now(), by="a", state="paused"))
    found = store_of(alone).run()
    assert found is not None
    assert found.state == "paused"
    assert store.progress() == {}


def test_reading_on_gives_what_reading_anew_gives_whatever_moved(alone: Repo) -> None:
    kept = store_of(alone)
    for task in ("1", "2", "1", "3", "2"):
        store_of(alone).record(started(task))
        kept.refresh()
        assert kept.journal() == store_of(alone).journal()
    tip = alone.tip("refs/gitcoord/tasks/1")
    alone.git("update-ref", "refs/gitcoord/tasks/1", f"{tip}^")
    alone.git("update-ref", "-d", "refs/gitcoord/tasks/3")
    store_of(alone).record(started("2"))
    kept.refresh()
    assert kept.journal() == store_of(alone).journal()
    assert len(kept.journal()) == 4


def test_what_a_store_wrote_itself_it_reads_as_everybody_does(alone: Repo) -> None:
    store, other = store_of(alone), store_of(alone)
    assert store.journal() == []
    for task in ("1", "2", "1", "3", "1"):
        store.record(started(task))
        assert store.journal() == store_of(alone).journal()
    store.record(submitted("1", "1" * 40))
    seen: list[object] = []
    assert store.journal()

    def look(progress: object) -> bool:
        seen.append(progress)
        return True

    assert not store.record(started("1"), look)
    assert seen == [store_of(alone).progress()[TaskId("1")]]
    other.refresh()
    other.record(started("2"))
    store.record(started("2"))
    assert store.journal() == store_of(alone).journal()
    assert len(store.journal()) == 8


def test_git_is_not_asked_for_what_the_store_wrote_itself(
    alone: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(alone)
    store.record(started("1"))
    store.journal()
    asked = tmp_path / "asked"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(asked))
    for _ in range(3):
        store.record(started("1"))
        assert store.journal()
    walks = [line for line in asked.read_text().splitlines() if '"cmd_name"' in line and '"log"' in line]
    assert walks == []
