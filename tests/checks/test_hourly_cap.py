"""The cap on checks an hour."""

import time
from pathlib import Path

from gitcoord.checks.hourly_cap import HOUR, HourlyCap
from tests.support.project import Project, independent


def test_so_many_start_within_an_hour_and_the_next_once_the_first_of_them_is_old(tmp_path: Path) -> None:
    now = [1000.0]
    cap, other = (HourlyCap(tmp_path, 2, lambda: now[0]) for _ in range(2))
    assert cap.take() == 0
    now[0] += 600
    assert other.take() == 0  # of another process
    assert cap.take() == other.take() == 1000 + HOUR
    now[0] = 1000 + HOUR
    assert cap.take() == 0
    assert cap.take() == 1600 + HOUR


def test_a_smaller_cap_a_clock_set_back_and_a_broken_file_hold_nothing_for_longer(tmp_path: Path) -> None:
    now = [5000.0]
    for _ in range(3):
        assert HourlyCap(tmp_path, 3, lambda: now[0]).take() == 0
        now[0] += 100
    assert HourlyCap(tmp_path, 1, lambda: now[0]).take() == 5200 + HOUR
    now[0] = 1000.0
    assert HourlyCap(tmp_path, 1, lambda: now[0]).take() == 0
    (tmp_path / "gitcoord" / "checks.started").write_bytes(b"\xff\nnan\n-\n1e999\n")
    assert HourlyCap(tmp_path, 1, lambda: now[0]).take() == 0


def test_landing_says_when_the_next_check_starts_and_goes_on_then(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    project.work("1", {"a": "a"})
    (project.desk.path / ".gitcoord.toml").write_text("[landing]\nchecks-per-hour = 1\n")
    started = project.desk.path / ".git" / "gitcoord" / "checks.started"
    # The check of another landing began so long ago that the next may start in a moment.
    started.parent.mkdir(exist_ok=True)
    started.write_text(f"{time.time() - HOUR + 3}\n")
    ran = project.run("merge-level", "0", "--check", "true", "--slots", "1", ok=0)
    assert "1 check started within an hour (checks-per-hour); the next one starts at " in ran.err
    assert len(started.read_text().split()) == 1
