"""The dashboard: what it chooses to show, that it fits any terminal, and that nothing is interpreted."""

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len  # noqa: TID251 - what is drawn is drawn by it
from rich.console import Console  # noqa: TID251

from gitcoord.cli.views.dashboard.dashboard import Dashboard
from gitcoord.cli.views.dashboard.lines import PlainLines
from gitcoord.cli.views.dashboard.live_view import dashboard_view
from gitcoord.cli.views.dashboard.rows import choose, frames_of
from gitcoord.event_stamp import now
from gitcoord.events import AnyEvent, AttemptStarted, RunChanged, TasksClash
from gitcoord.notices import Caution, EventsRecorded, RunHindered
from gitcoord.progress.make_picture import Picture, make_picture
from gitcoord.progress.unit_state import FINISHED
from gitcoord.run.heartbeat import RunHeartbeat, last_heartbeat
from gitcoord.state.heartbeats import RUN_SILENT
from tests.progress.plans import COMMIT, at, parent, planned, play, sixty, task
from tests.state.world import plan_of, started, store_of
from tests.support.cli import COMMAND, environment, start_gitcoord
from tests.support.laws import tries
from tests.support.repos import Repo

HOSTILE = 'rm -rf ~ [red]#\x1b[2J\u202e"日本語のタイトル'


def picture_at(seconds: float) -> Picture:
    plan = sixty()
    played = play(
        plan,
        until=seconds,
        ends={"2.3": ["failed"], "1.5": ["timeout"]},
        clashes={"1.9": "2.4", "1.3": "2.1"},
    )
    return make_picture(plan, played.events, played.landed, at(seconds))


def drawn(picture: Picture, width: int, height: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, markup=False, emoji=False, highlight=False)
    console.print(dashboard_view(picture, width, height))
    return out.getvalue().rstrip("\n").split("\n")


def test_sixty_units_in_three_parents_fit_eighty_columns_and_say_what_matters() -> None:
    lines = drawn(picture_at(500), 80, 24)
    text = "\n".join(lines)
    assert len(lines) <= 24
    assert lines[0].startswith("gitcoord running")
    assert "1 failed" in lines[2]
    assert "0 of 3 tasks landed" in lines[2]
    assert "8 min so far" in lines[3]
    assert "left" in lines[3]
    assert re.search(r"▶ 1 Payments that .* ▒▒ ▒▒▒▒▒▒ .* \d+/20", text)
    assert re.search(r"✗ 2.3 Parse the customers  blocks 16  the check command failed +failed", text)
    assert re.search(r"▶ 1\.\d+ .* agent-1\.\d+@vm-7 +\d:\d\d", text)
    assert "! 1.9 and 2.4 clash in src/api/routes.py" in text


def test_a_wide_terminal_shows_the_events_beside_the_work() -> None:
    lines = drawn(picture_at(420), 160, 50)
    assert len(lines) <= 50
    assert any("│ Newest events" in line for line in lines)
    assert any("clashes with 2.4" in line.split("│")[0] for line in lines)


@given(st.integers(30, 200), st.integers(8, 60), st.integers(0, 1500))
@settings(max_examples=tries(20))
def test_it_is_never_larger_than_the_terminal(width: int, height: int, seconds: int) -> None:
    lines = drawn(picture_at(seconds), width, height)
    assert len(lines) <= max(height, 10)
    assert max(map(cell_len, lines)) <= width


@given(st.integers(1, 80), st.integers(0, 1500))
@settings(max_examples=tries(20))
def test_what_is_folded_is_never_more_urgent_than_what_is_shown(room: int, seconds: int) -> None:
    frames = frames_of(picture_at(seconds))
    lines = choose(frames, room)
    assert len(lines) <= room
    shown = [line.unit.id for line in lines if line.unit]
    order = [unit.id for frame in frames for unit in frame.units]
    assert sorted(shown, key=order.index) == shown
    units = {unit.id: unit for frame in frames for unit in frame.units}
    if any(units[id].state == "waiting" for id in shown):
        assert all(id in shown for id, unit in units.items() if unit.state in ("running", "failed"))
    if len(shown) < len(units):
        assert not any(units[id].state in FINISHED for id in shown)


def test_tasks_without_subtasks_are_shown_level_by_level() -> None:
    plan = planned([task(str(number)) for number in range(1, 61)], max_parallel=8)
    played = play(plan, until=150)
    lines = drawn(make_picture(plan, played.events, played.landed, at(150)), 100, 24)
    assert any(re.search(r"level-0 60 tasks +█{16}▶{8}○{36} +16/60", line) for line in lines)
    assert sum("▶ " in line for line in lines if line.startswith("  ")) == 8


def test_before_anything_is_done_no_cell_of_the_bar_is_full_and_nothing_is_saved() -> None:
    plan = planned([parent("1", "Parent", [["a", "b"]]), task("2"), task("3")], max_parallel=4)
    played = play(plan, until=50)
    lines = drawn(make_picture(plan, played.events, played.landed, at(50)), 80, 24)
    assert re.fullmatch("▶{74}   0 %", lines[1])
    assert "saved" not in lines[3]
    assert any(line.startswith("▶ level-0 2 tasks without subtasks ") for line in lines)


def test_nothing_untrusted_reaches_the_terminal() -> None:
    plan = planned([task("1", title=HOSTILE), task("2", title=HOSTILE)])
    events: list[AnyEvent] = [
        RunChanged(at=at(0), by=HOSTILE, state="running"),
        AttemptStarted(at=at(0), by=HOSTILE, task="1", attempt=1, branch=HOSTILE, base=COMMIT),
        TasksClash(at=at(1), by="x", task="1", other="2", paths=(HOSTILE,)),
    ]
    picture = make_picture(plan, events, (), at(2))
    for width in (40, 80, 160):
        text = "\n".join(drawn(picture, width, 40))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[red]#" in text


def test_without_a_terminal_every_new_event_is_one_line() -> None:
    plan = planned([task("1", title=HOSTILE), task("2")])
    played = play(plan)
    out = io.StringIO()
    with Dashboard(Console(file=out, width=80)) as dashboard:
        for count in (2, 2, 5, len(played.events)):
            events = played.events[:count]
            dashboard.show(make_picture(plan, events, played.landed, at(60)), events)
        dashboard.tell(Caution(message="Landing \x1b[2J begins."))
        dashboard.tell(EventsRecorded(events=tuple(played.events[:1])))
    lines = out.getvalue().splitlines()
    said = [line for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert len(said) == len(played.events) - 2
    assert lines[-1] == "warning: Landing \\x1b[2J begins."


def test_pictures_of_several_repositories_have_their_names() -> None:
    out = io.StringIO()
    with Dashboard(Console(file=out, width=80)) as dashboard:
        for name in ("api", "web"):
            dashboard.show(picture_at(10), (), name=name)
    lines = out.getvalue().splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["api", "web"], lines
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as file:
        console = Console(file=file, width=80, height=24, _environ={"TERM": "xterm"})
        with Dashboard(console) as dashboard:
            for name in ("api", "web"):
                dashboard.show(picture_at(10), (), name=name)
        drawn_text = read_now(master)
    os.close(master)
    assert "Repository api" in drawn_text
    assert "Repository web" in drawn_text


def test_the_bell_rings_when_something_needs_somebody_and_not_for_what_did_before() -> None:
    master, slave = pty.openpty()
    lasting = RunHindered(code="disk-full", message="No room.", lasting=True)
    with os.fdopen(slave, "w") as file:
        console = Console(file=file, width=80, height=24, _environ={"TERM": "xterm"})
        with Dashboard(console) as dashboard:
            dashboard.show(picture_at(500), ())
            dashboard.show(picture_at(500), ())
            dashboard.tell(Caution(message="Nothing bad."))
            assert read_now(master).count("\a") == 0
        with Dashboard(console) as dashboard:
            for seconds in (10, 500, 500):
                dashboard.show(picture_at(seconds), ())
            assert read_now(master).count("\a") == 1
            dashboard.tell(RunHindered(code="disk-full", message="No room."))
            assert read_now(master).count("\a") == 0
            dashboard.tell(lasting)
            assert read_now(master).count("\a") == 1
    os.close(master)
    # A file gets none.
    out = io.StringIO()
    with Dashboard(Console(file=out, width=80)) as dashboard:
        dashboard.tell(lasting)
    assert "\a" not in out.getvalue()


def read_now(master: int) -> str:
    """What a terminal has been given so far."""
    found = b""
    while select.select([master], [], [], 0)[0]:
        found += os.read(master, 1 << 16)
    return found.decode("utf-8", "replace")


def test_a_terminal_is_drawn_on_and_left_with_its_cursor(tmp_path: Path) -> None:
    """`status --watch` on a real terminal: it draws, follows a change, and ends at once on Ctrl-C."""
    _, desk = Repo.pair(tmp_path)
    store = store_of(desk)
    store.save_plan(plan_of([[["1", "2"]]]))
    master, slave = pty.openpty()
    watching = subprocess.Popen(
        [*COMMAND, "status", "--watch", "--every", "0.2"],
        cwd=desk.path,
        env=environment({"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        assert "2 ready" in read_until(master, "2 ready")
        store.record(started("1"))
        assert "1 at work" in read_until(master, "1 at work")
        watching.send_signal(signal.SIGINT)
        assert "\x1b[?25h" in read_until(master, "\x1b[?25h")
        assert watching.wait(30) == 0
    finally:
        watching.kill()
        watching.wait()
        os.close(master)


def read_until(terminal: int, wanted: str) -> str:
    """What the terminal shows until `wanted` is in it; all that came, when it does not come in time."""
    seen = b""
    end = time.monotonic() + 60
    while wanted.encode() not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    return seen.decode(errors="replace")


def test_the_dashboard_loads_rich_only_when_it_is_shown() -> None:
    code = "import gitcoord.cli.views.dashboard.dashboard, sys; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_run_that_was_killed_is_known_by_its_silence_from_any_clone(tmp_path: Path) -> None:
    remote, desk = Repo.pair(tmp_path)
    store = store_of(desk)
    store.save_plan(plan_of([["1"]]))
    ago = datetime.now(UTC) - timedelta(seconds=RUN_SILENT + 600)
    store.record(RunChanged(at=ago.isoformat(), by="ann", state="running"))
    RunHeartbeat(store).send()
    first = remote.refs()["refs/gitcoord/life"]
    RunHeartbeat(store).send()
    assert remote.git("rev-list", "--count", "refs/gitcoord/life") == "1"

    def shown() -> list[str]:
        other = store_of(desk)
        other.refresh()
        events = [entry.event for entry in other.journal() if entry.event is not None]
        picture = make_picture(other.require_plan(), events, (), now(), heard=last_heartbeat(other, events))
        return [drawn(picture, 80, 24)[0].split("  ")[0], PlainLines().lines(picture, (), 0.0)[-1]]

    assert shown()[0].startswith("gitcoord running (heard ")
    older = remote.environment | {"GIT_COMMITTER_DATE": (ago + timedelta(seconds=300)).isoformat()}
    command = ["git", "commit-tree", remote.tree(first), "-m", "An old one"]
    old = subprocess.run(command, cwd=remote.path, env=older, capture_output=True, text=True, check=True)
    remote.git("update-ref", "refs/gitcoord/life", old.stdout.strip())
    header, line = shown()
    assert re.match(r"gitcoord no heartbeat since \d\d:\d\d:\d\d \(12 min\)", header)
    assert "no heartbeat since" in line
    watched = remote.clone(tmp_path / "other")
    watching = start_gitcoord("status", "--watch", "--json", cwd=watched.path)
    assert watching.stdout is not None
    picture = json.loads(watching.stdout.readline())
    watching.kill()
    watching.communicate()
    assert picture["run"] == "running"
    assert picture["unheard"] > RUN_SILENT
