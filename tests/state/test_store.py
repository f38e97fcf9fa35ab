"""Plan and journal in git: nothing is lost when many write, and nothing foreign is overwritten."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.event_stamp import now
from gitcoord.events import TaskDeferred, TaskStarted, WavesSaved
from gitcoord.tasks.model import TaskId
from tests.git.world import race
from tests.state.world import STATE, plan_of, started, store_of, submitted
from tests.support.repos import Repo

WORKERS = [f"worker-{number}" for number in range(20)]


@pytest.fixture
def remote(tmp_path: Path) -> Repo:
    return Repo.pair(tmp_path)[0]


@pytest.fixture
def clone(remote: Repo, tmp_path: Path) -> Repo:
    return Repo(tmp_path / "work")


@pytest.fixture
def alone(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "alone")
    repo.commit({"README.md": "# Project\n"})
    return repo


def test_twenty_processes_on_twenty_tasks_lose_no_event(remote: Repo, clone: Repo, tmp_path: Path) -> None:
    clones = [clone, remote.clone(tmp_path / "second")]
    calls = [
        ["record", str(clones[number % 2].path), str(number), name] for number, name in enumerate(WORKERS)
    ]
    assert race("tests.state.worker", calls) == ["True"] * len(WORKERS)
    seen = Counter((event.task, event.by) for event in events(clone))
    assert seen == Counter({(str(number), name): 1 for number, name in enumerate(WORKERS)})


def test_twenty_processes_on_one_task_lose_no_event(remote: Repo, clone: Repo, tmp_path: Path) -> None:
    clones = [clone, remote.clone(tmp_path / "second")]
    calls = [["record", str(clones[n % 2].path), "7", name] for n, name in enumerate(WORKERS)]
    assert race("tests.state.worker", calls) == ["True"] * len(WORKERS)
    assert Counter(event.by for event in events(clone)) == Counter(WORKERS)
    assert remote.git("rev-list", "--count", STATE + "tasks/7") == str(len(WORKERS))


def test_without_a_remote_many_processes_lose_no_event_either(alone: Repo) -> None:
    race("tests.state.worker", [["record", str(alone.path), "7", name] for name in WORKERS[:8]])
    assert Counter(event.by for event in events(alone)) == Counter(WORKERS[:8])


def test_a_plan_that_many_save_at_once_is_saved_once(remote: Repo, clone: Repo) -> None:
    said = race("tests.state.worker", [["plan", str(clone.path), "Task"] for _ in range(6)])
    assert Counter(said) == Counter({"True": 1, "False": 5})
    assert store_of(clone).plan() == plan_of([[["1", "2"]]])
    assert remote.git("rev-list", "--count", STATE + "plan") == "1"


def test_of_different_plans_at_once_none_is_silently_replaced(remote: Repo, clone: Repo) -> None:
    titles = ["Red", "Green", "Blue"]
    said = race("tests.state.worker", [["plan", str(clone.path), title] for title in titles])
    # A worker that reads after another has saved replaces that plan knowingly; one that raced is told.
    assert set(said) <= {"True", "plan-moved"}
    assert said.count("True") == int(remote.git("rev-list", "--count", STATE + "plan"))


def test_many_who_change_the_plan_at_once_lose_no_change(clone: Repo) -> None:
    store_of(clone).save_plan(plan_of([[["1", "2"]]]))
    race("tests.state.worker", [["change", str(clone.path), name] for name in WORKERS[:6]])
    changed = [warning.message for warning in store_of(clone).require_plan().warnings]
    assert sorted(changed) == sorted(WORKERS[:6])


def test_an_equal_plan_writes_nothing(clone: Repo) -> None:
    store = store_of(clone)
    plan = plan_of([[["1", "2"]], [["3"]]])
    assert store.save_plan(plan)
    before = clone.refs(), clone.objects()
    assert not store_of(clone).save_plan(plan_of([[["1", "2"]], [["3"]]]))
    assert (clone.refs(), clone.objects()) == before


def test_a_plan_moved_meanwhile_is_not_replaced(remote: Repo, clone: Repo, tmp_path: Path) -> None:
    late = store_of(remote.clone(tmp_path / "second"))
    store_of(clone).save_plan(plan_of([[["1"]]], title="Theirs"))
    with pytest.raises(GitcoordError) as failure:
        late.save_plan(plan_of([[["1"]]], title="Mine"))
    assert failure.value.code == "plan-moved"
    assert late.require_plan().tasks == plan_of([[["1"]]], title="Theirs").tasks


def test_waves_that_were_saved_are_told_in_the_journal(clone: Repo) -> None:
    store = store_of(clone)
    store.save_plan(plan_of([[["1", "2"]]]))
    event = WavesSaved(at=now(), by="me", level="level-0", waves=(("1",), ("2",)))
    store.save_plan(plan_of([[["1"], ["2"]]]), event)
    assert [entry.subject for entry in store.journal()] == [
        "plan saved: 2 tasks in 1 level",
        "level-0 re-ordered by its real conflicts: 1 then 2",
    ]


def test_without_a_plan_the_way_out_is_named(clone: Repo) -> None:
    with pytest.raises(GitcoordError, match="No plan is saved in the remote origin") as failure:
        store_of(clone).require_plan()
    assert (failure.value.code, failure.value.exit) == ("no-plan", Exit.USAGE)


def test_an_event_is_not_written_when_the_newest_progress_speaks_against_it(
    remote: Repo, clone: Repo, tmp_path: Path
) -> None:
    late = store_of(remote.clone(tmp_path / "second"))
    first = store_of(clone)
    assert first.record(started("1", by="me"), unless=lambda before: before.state != "pending")
    assert not late.record(started("1", by="you"), unless=lambda before: before.state != "pending")
    assert [event.by for event in events(clone)] == ["me"]


def test_paths_and_names_of_any_bytes_survive(clone: Repo) -> None:
    store = store_of(clone)
    event = TaskDeferred(
        at=now(), by="m\u2028e\x85\x1b[2J", task="1", head="0" * 40, reason="no", paths=("caf\udce9", "a\nb")
    )
    store.record(event)
    assert events(clone) == [event]
    store.record(started("1"))
    assert store.problems() == ()


def test_a_foreign_commit_on_a_task_is_reported_and_not_overwritten(remote: Repo, clone: Repo) -> None:
    store = store_of(clone)
    store.record(started("1"))
    store.record(started("2"))
    tip = remote.commit({"x": "x"}, "not yours", branch="foreign")
    remote.git("update-ref", STATE + "tasks/1", tip)
    assert_refused(clone, "1", f"refs/gitcoord/tasks/1 at {tip[:12]}")
    assert remote.refs()[STATE + "tasks/1"] == tip
    reader = store_of(clone)
    assert "(not yours)" in " ".join(finding.message for finding in reader.problems())
    assert {finding.code for finding in reader.problems()} == {"foreign-state"}
    assert list(reader.progress()) == ["2"]


def test_a_foreign_commit_on_top_of_our_own_is_refused_too(remote: Repo, clone: Repo) -> None:
    store_of(clone).record(started("1"))
    ours = remote.refs()[STATE + "tasks/1"]
    tip = remote.git("commit-tree", "-p", ours, "-m", "on top", remote.tree("main"))
    remote.git("update-ref", STATE + "tasks/1", tip)
    assert_refused(clone, "1", "was not written by gitcoord")
    assert list(store_of(clone).progress()) == ["1"]


def test_an_event_of_a_newer_version_is_told_as_such_and_not_written_on(remote: Repo, clone: Repo) -> None:
    store_of(clone).record(started("1"))
    ours = remote.refs()[STATE + "tasks/1"]
    body = '{"event":"praised","at":"2099-01-01T00:00:00.000000+00:00","by":"w","task":"1"}'
    tip = remote.git("commit-tree", "-p", ours, "-m", "praised", "-m", body, remote.tree("main"))
    remote.git("update-ref", STATE + "tasks/1", tip)
    with pytest.raises(GitcoordError, match="newer version") as failure:
        store_of(clone).record(started("1"))
    assert failure.value.code == "newer-state"
    assert "was written by a newer gitcoord" in store_of(clone).problems()[0].message
    assert (list(store_of(clone).progress()), remote.refs()[STATE + "tasks/1"]) == (["1"], tip)


@pytest.mark.parametrize("kind", ["blob", "tag"])
def test_what_is_no_commit_is_reported_and_not_overwritten(remote: Repo, clone: Repo, kind: str) -> None:
    store_of(clone).record(started("2"))
    if kind == "blob":
        oid = remote.git("hash-object", "-w", "--stdin", input=b"hello")
    else:
        remote.git("tag", "-a", "-m", "x", "x", "main")
        oid = remote.git("rev-parse", "refs/tags/x")
    remote.git("update-ref", STATE + "tasks/1", oid)
    assert_refused(clone, "1", "was not written by gitcoord")
    assert remote.refs()[STATE + "tasks/1"] == oid
    assert "refs/gitcoord/tasks/1 cannot be read" in " ".join(f.message for f in store_of(clone).problems())
    assert list(store_of(clone).progress()) == ["2"]


@pytest.mark.parametrize("content", ["", "1234567890123456789012345678901234567890\n"])
def test_a_truncated_ref_is_reported_and_not_overwritten(alone: Repo, content: str) -> None:
    store = store_of(alone)
    store.record(started("1"))
    store.record(started("2"))
    path = alone.path / ".git" / STATE / "tasks" / "1"
    path.write_text(content)
    assert_refused(alone, "1", "leaves it unchanged")
    assert path.read_text() == content
    assert list(store_of(alone).progress()) == ["2"]
    (problem,) = store_of(alone).problems()
    assert problem.message.startswith("refs/gitcoord/tasks/1 cannot be read")
    store_of(alone).record(started("3"))


def test_a_history_that_is_cut_off_is_reported_and_not_extended(alone: Repo) -> None:
    store = store_of(alone)
    store.record(started("1"))
    first = alone.refs()[STATE + "tasks/1"]
    store.record(started("1"))
    store.record(started("2"))
    (alone.path / ".git/objects" / first[:2] / first[2:]).unlink()
    assert_refused(alone, "1", "leaves it unchanged")
    assert list(store_of(alone).progress()) == ["2"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"base": "main"}', None])
def test_a_plan_that_is_not_ours_is_refused_and_not_overwritten(
    remote: Repo, clone: Repo, content: str | None
) -> None:
    tip = remote.commit(
        {"x" if content is None else "plan.json": content or ""}, branch="foreign", orphan=True
    )
    remote.git("update-ref", STATE + "plan", tip)
    store = store_of(clone)
    for attempt in (store.plan, store.require_plan, lambda: store.save_plan(plan_of([[["1"]]]))):
        with pytest.raises(GitcoordError, match=r"refs/gitcoord/plan at .* was not written") as failure:
            attempt()
        assert (failure.value.code, failure.value.exit) == ("foreign-state", Exit.REFUSED)
    assert remote.refs()[STATE + "plan"] == tip


def test_a_plan_of_a_newer_gitcoord_with_more_keys_is_still_read(remote: Repo, clone: Repo) -> None:
    plan = plan_of([[["1"]]])
    document = {**msgspec.to_builtins(plan), "novelty": 1}
    tip = remote.commit({"plan.json": msgspec.json.encode(document)}, branch="newer", orphan=True)
    remote.git("update-ref", STATE + "plan", tip)
    assert store_of(clone).plan() == plan


def test_the_journal_is_in_the_order_of_time_across_tasks(clone: Repo) -> None:
    store = store_of(clone)
    for minute, task in enumerate(["2", "1", "3", "1", "2"]):
        store.record(started(task, by=str(minute), at=f"2025-01-01T00:0{minute}:00.000000+00:00"))
    assert [event.by for event in events(clone)] == list("01234")


def test_a_clock_that_is_slow_does_not_turn_the_order_of_a_task_around(clone: Repo) -> None:
    store = store_of(clone)
    late, early = "2025-01-01T00:05:00.000000+00:00", "2025-01-01T00:01:00.000000+00:00"
    store.record(submitted("1", head="1" * 40, at=late))
    store.record(TaskDeferred(at=early, by="lander", task="1", head="1" * 40, reason="conflict"))
    assert [type(event).__name__ for event in events(clone)] == ["TaskSubmitted", "TaskDeferred"]
    assert store.progress()[TaskId("1")].state == "deferred"


def test_the_users_git_settings_do_not_disturb_the_journal(clone: Repo) -> None:
    for key, value in {
        "i18n.logOutputEncoding": "ISO-8859-1",
        "i18n.commitEncoding": "ISO-8859-1",
        "log.showSignature": "true",
        "color.ui": "always",
        "log.decorate": "full",
        "push.followTags": "true",
        "commit.gpgSign": "true",
    }.items():
        clone.git("config", key, value)
    store_of(clone).record(started("1", by="Jörg"))
    assert [event.by for event in events(clone)] == ["Jörg"]


def test_workers_see_each_other_with_nothing_but_the_remote(
    remote: Repo, clone: Repo, tmp_path: Path
) -> None:
    store_of(clone).save_plan(plan_of([[["1"]]]))
    store_of(clone).record(started("1", by="here"))
    there = store_of(remote.clone(tmp_path / "second"))
    assert there.plan() == plan_of([[["1"]]])
    assert there.under_way() == {"1"}
    assert set(remote.refs()) == {"refs/heads/main", STATE + "plan", STATE + "tasks/1"}


def events(repo: Repo) -> list[Any]:
    return [entry.event for entry in store_of(repo).journal()]


def assert_refused(repo: Repo, task: str, message: str) -> None:
    with pytest.raises(GitcoordError, match=message) as failure:
        store_of(repo).record(TaskStarted(at=now(), by="me", task=task, branch="b", base="0" * 40))
    assert failure.value.code in {"foreign-state", "broken-ref"}
    assert failure.value.exit == Exit.REFUSED
