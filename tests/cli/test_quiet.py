"""When an agent last printed something: in the dashboard of a run, and in the status of every clone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console  # noqa: TID251 - what is drawn is drawn by it

from gitcoord.cli.status.overview import quiet_at
from gitcoord.cli.views.dashboard.live_view import dashboard_view
from gitcoord.event_stamp import now
from gitcoord.events import AttemptStarted
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.progress.live_state import LiveState
from gitcoord.progress.make_picture import make_picture
from gitcoord.state.heartbeats import Beat, beat_ref, write_beat
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId
from tests.state.world import plan_of, store_of
from tests.support.project import Project
from tests.support.tasklists import task

ONE = TaskId("1")


def started() -> AttemptStarted:
    return AttemptStarted(at=now(), by="me", task=ONE, attempt=1, branch="b", base="0", lease=300)


def test_the_dashboard_names_an_agent_that_has_been_quiet() -> None:
    def drawn(quiet: float) -> str:
        live = LiveState(at_work=(ONE,), slots=1, quiet={ONE: quiet})
        picture = make_picture(plan_of([[["1"]]]), [started()], {}, now(), live)
        console = Console(width=100, height=30)
        with console.capture() as captured:
            console.print(dashboard_view(picture, 100, 30, 30.0))
        return captured.get()

    assert "last output" not in drawn(60)
    assert "last output 4 min ago" in drawn(210)


def publish(store: Store, beat: Beat) -> None:
    sign = write_beat(store.repository, beat)
    assert store.shared.publish([RefUpdate(beat_ref(store, ONE, 1), None, sign)])


def test_status_tells_it_by_the_last_sign_of_life(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    store = store_of(project.desk)
    store.record(started())
    beat = Beat(unit="1", attempt=1, by="me", at=now(), quiet=600)
    publish(store, beat)
    assert "1: last output 10 min ago" in project.run("status", ok=0).out
    document = project.run("status", "--json", ok=0).json
    assert document["tasks"]["1"]["quiet"]["1"] >= 600
    lease = document["tasks"]["1"]["leases"]["1"]
    assert (lease["attempt"], lease["lease"], lease["age"] < 60) == (1, 300, True)
    assert "heartbeat" not in project.run("status", ok=0).out
    early = "2026-01-01T00:00:00+00:00"
    assert quiet_at({("1", 1): beat}, early) == {ONE: 600}  # another machine's clock is fast


def test_status_tells_how_old_a_late_sign_of_life_is(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    store = store_of(project.desk)
    store.record(started())
    before = (datetime.now(UTC) - timedelta(seconds=190)).isoformat()
    publish(store, Beat(unit="1", attempt=1, by="me", at=before))
    shown = " ".join(project.run("status", ok=0).out.split())
    assert "1: last heartbeat 3 min ago; after 5 min without one, attempt 1 counts as lost" in shown
