"""Bringing the journal in line with the world: what somebody else did meanwhile is looked at, too."""

import shlex
from pathlib import Path

import msgspec
import pytest

from gitcoord.engines.local import LocalEngine
from gitcoord.events import AttemptStarted
from gitcoord.run.attempt_state import DeadAttempt
from gitcoord.run.observe import Observer
from gitcoord.run.reconcile import record_ended
from gitcoord.run.retry_policy import AttemptLimits
from gitcoord.tasks.model import TaskId
from tests.state.world import plan_of, store_of, submitted
from tests.support.cli import COMMAND
from tests.support.project import Project, independent
from tests.support.repos import Repo


def test_a_task_that_its_worker_hands_in_at_the_same_moment_is_looked_at_again(tmp_path: Path) -> None:
    remote, desk = Repo.pair(tmp_path)
    store, worker, engine = (
        store_of(desk),
        store_of(remote.clone(tmp_path / "other")),
        LocalEngine(tmp_path),
    )
    store.save_plan(plan_of([["1"]]))
    view = Observer(store, engine, AttemptLimits(), None).look(0.0, None)
    view = msgspec.structs.replace(view, whole=(TaskId("1"),))

    def hand_in(task: TaskId) -> bool:
        worker.refresh()
        worker.record(submitted("1", remote.tip("main")), unless=lambda before: before.head is not None)
        store.refresh()
        return False  # it is handed in already

    looks = [record_ended(store, engine, view, hand_in, lambda _: None, lambda _: None) for _ in range(2)]
    assert looks == [True, False]


def test_a_unit_whose_branch_a_person_has_checked_out_waits_for_that_person(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1", "2"))
    project.desk.git("switch", "--quiet", "--create", "feature/level-0-task-1")
    person = f"env -u GIT_TRACE2_EVENT git -C {project.desk.path} switch --quiet main"
    log = f"{shlex.join(COMMAND)} log"
    waits = f'case "$({log})" in *"task 1: attempt 1 ended: again"*) break;; esac; sleep 0.1'
    agent = (
        f"echo > $GITCOORD_TASK_ID; [ $GITCOORD_TASK_ID = 1 ] || {{ while :; do {waits}; done; {person}; }}"
    )
    project.run("run", "--shell", "--agent", agent, "--retries", "0", "--yes", ok=0)
    said = project.run("log", ok=0).out
    assert "feature/level-0-task-1 is already checked out in" in said
    assert "or switch to another branch there." in said
    assert project.remote.find("feature/level-0-task-1") is not None


@pytest.mark.parametrize(
    ("code", "claimed", "outcome"),
    [
        (None, True, "lost"),
        (None, False, "lost"),
        (-9, True, "lost"),
        (137, False, "lost"),
        (0, True, "lost"),
        (0, False, "again"),
        (75, False, "again"),
        (143, True, "cancelled"),
        (2, False, "failed"),
    ],
)
def test_an_attempt_whose_end_nobody_saw_is_lost(
    tmp_path: Path, code: int | None, claimed: bool, outcome: str
) -> None:
    _, desk = Repo.pair(tmp_path)
    store, engine = store_of(desk), LocalEngine(tmp_path)
    store.save_plan(plan_of([["1"]]))
    if claimed:
        event = AttemptStarted(at="2026-01-01T00:00:00Z", by="ann", task="1", attempt=1, branch="b", base="c")
        store.record(event, unless=lambda before: False)
    view = Observer(store, engine, AttemptLimits(), None).look(0.0, None)
    ended = DeadAttempt(unit=TaskId("1"), attempt=1, code=code, claimed=claimed)
    view = msgspec.structs.replace(view, ended=(ended,))
    assert record_ended(store, engine, view, lambda _: False, lambda _: None, lambda _: None)
    told = store.progress()[TaskId("1")].attempt
    assert told is not None
    assert told.ended is not None
    assert (told.ended.outcome, told.ended.code) == (outcome, code)
