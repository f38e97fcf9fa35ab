"""Another task list with the same ids: it is noticed, and begins with branches and a history of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.copies import copy_of
from tests.support.project import Project
from tests.support.tasklists import task, write_tasks

NOTE = "info added on 2026-01-01T00:00:00Z"
OLD = [task(1, title="Login", details="A form"), task(2, title="Logout"), task(3, title="Mail")]
NEW = [task(1, title="Billing"), task(2, title="Invoices"), task(3, title="Mail", depends_on=[1])]

Landed = Callable[..., Project]


def land(project: Project, *ids: str) -> None:
    for id in ids:
        assert project.worker(id).do({f"{id}.txt": id}).code == 0
    project.run("merge-level", "0")


def states(project: Project) -> dict[str, str]:
    return {id: told["state"] for id, told in project.run("status", "--json", ok=0).json["tasks"].items()}


def branches(project: Project) -> set[str]:
    return {told["branch"] for told in project.run("show", "--json", ok=0).json["tasks"].values()}


@pytest.fixture
def landed(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """A project of which some tasks have landed."""

    def copied(*ids: str) -> Project:
        def make(place: Path) -> Project:
            made = Project.create(place, OLD)
            if ids:
                land(made, *ids)
            return made

        return copy_of(f"plan lists {ids}", make, tmp_path, tmp_path_factory)

    return copied


@pytest.fixture
def project(landed: Landed) -> Project:
    return landed()


@pytest.mark.parametrize(
    "command",
    [
        *(("plan",), ("plan", "--dry-run"), ("plan", "--format", "waves")),
        *(("next",), ("checkout", "3"), ("checkout", "3", "--dry-run")),
    ],
)
def test_landed_ids_that_mean_something_else_stop_everything(
    landed: Landed, command: tuple[str, ...]
) -> None:
    project = landed("1", "2")
    write_tasks(project.desk.path, NEW)
    refs = project.remote.refs()
    ended = project.run(*command)
    assert ended.code == 2
    assert "1: 'Login' is 'Billing' now; 2: 'Logout' is 'Invoices' now" in ended.err
    assert "gitcoord plan --new-list" in ended.err
    assert "gitcoord plan --same-tasks" in ended.err
    assert project.remote.refs() == refs


def test_a_run_stops_before_it_starts_anything(landed: Landed) -> None:
    project = landed("1")
    write_tasks(project.desk.path, NEW)
    ended = project.run("run", "--agent", "touch done", "--yes", "--json")
    assert (ended.code, ended.json["code"]) == (2, "tasks-changed")
    assert [finding["task"] for finding in ended.json["findings"]] == ["1"]


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_new_list_begins_with_nothing_done(tmp_path: Path, strategy: str) -> None:
    project = Project.create(tmp_path, OLD, strategy=strategy)
    land(project, "1", "2", "3")
    write_tasks(project.desk.path, NEW)
    ended = project.run("plan", "--new-list", ok=0)
    assert "generation: 1 -> 2" in ended.err
    assert states(project) == {"1": "pending", "2": "pending", "3": "pending"}
    assert project.run("checkout", "3").code == 1  # its need is open
    worker = project.worker("1")
    assert worker.run("checkout", "1", ok=0).out == "feature/level-0-task-1-g2\n"
    worker.write({"billing.txt": "new"})
    worker.run("submit", ok=0)
    project.run("merge-level", "0", *(["--partial"] if strategy == "single-pr" else []))
    assert states(project)["1"] == "landed"
    assert project.remote.read("main", "billing.txt") == "new"
    events = [one["event"] for one in project.run("log", "--json", ok=0).json["events"]]
    assert (events[0], events.count("plan-saved")) == ("plan-saved", 1)
    old = [one["sentence"] for one in project.run("log", "--generation", "1", "--json").json["events"]]
    assert any(sentence.startswith("task 2 landed") for sentence in old)


def test_the_names_of_old_branches_are_not_used_again(project: Project) -> None:
    project.worker("1").do({"1.txt": "1"})
    write_tasks(project.desk.path, NEW)
    ended = project.run("plan", "--new-list", ok=0)
    assert "Discarded task 1 (Login), submitted, on feature/level-0-task-1" in ended.err
    assert branches(project) == {
        "feature/level-0-task-1-g2",
        "feature/level-0-task-2-g2",
        "feature/level-1-task-3-g2",
    }
    assert "refs/heads/feature/level-0-task-1" in project.remote.refs()
    ended = project.run("merge-level")
    assert "landed" not in {*states(project).values()}
    assert project.worker("1").run("submit").code != 0


def test_a_new_list_beside_nothing_needs_no_other_names(project: Project) -> None:
    write_tasks(project.desk.path, NEW)
    project.run("plan", "--new-list", ok=0)
    assert "feature/level-0-task-1" in branches(project)


def test_words_that_have_changed_are_taken_over_when_asked(landed: Landed) -> None:
    project = landed("1")
    write_tasks(project.desk.path, [task(1, title="Login page", details="A form"), *OLD[1:]])
    assert project.run("plan").code == 2
    project.run("plan", "--same-tasks", ok=0)
    project.run("plan", ok=0)
    assert states(project)["1"] == "landed"
    assert "is now called 'Login page'" in project.run("log", ok=0).out


def test_other_details_under_the_same_title_count(landed: Landed) -> None:
    project = landed("1")
    write_tasks(project.desk.path, [task(1, title="Login", details="By fingerprint"), *OLD[1:]])
    ended = project.run("plan")
    assert (ended.code, "1: 'Login' has other details now" in ended.err) == (2, True)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "  LOGIN "},
        {"status": "done"},
        {"priority": "high"},
        {"details": "A  form\n"},
        {"details": f"A form\n<{NOTE}>\nhalf done\n</{NOTE}>"},
        {"dependencies": [2]},
        {"metadata": {"updated": "now"}},
        {"testStrategy": "by hand"},
        {"subtasks": [{"id": 1, "title": "part", "status": "done"}]},
    ],
)
def test_trivial_edits_do_not_count(project: Project, change: dict[str, Any]) -> None:
    project.worker("1").run("checkout", "1", ok=0)
    write_tasks(project.desk.path, [{**OLD[0], **change}, *OLD[1:]])
    project.run("plan", ok=0)


def test_what_nobody_has_begun_may_become_anything(landed: Landed) -> None:
    project = landed("1")
    write_tasks(project.desk.path, [OLD[0], task(2, title="Invoices"), task(3, title="Billing")])
    project.run("plan", ok=0)


def test_renumbering_is_named_and_no_matter_of_words(landed: Landed) -> None:
    project = landed("2")
    write_tasks(project.desk.path, [OLD[0], task(2, title="Between"), task(3, title="Logout")])
    ended = project.run("plan", "--same-tasks")
    assert ended.code == 2
    assert "2: 'Logout' is 3 now, and 2 is 'Between'" in ended.err
    assert "old ids" in ended.err


def test_an_id_that_was_only_moved_away_is_named(landed: Landed) -> None:
    project = landed("2")
    write_tasks(project.desk.path, [OLD[0], OLD[2], task(4, title="Logout")])
    ended = project.run("plan")
    assert (ended.code, "2: 'Logout' is 4 now" in ended.err) == (2, True)


def test_the_journal_knows_its_tasks_without_a_plan(landed: Landed) -> None:
    project = landed("1")
    project.remote.git("update-ref", "-d", "refs/gitcoord/plan")
    write_tasks(project.desk.path, NEW)
    ended = project.run("plan")
    assert (ended.code, "1: 'Login' is 'Billing' now" in ended.err) == (2, True)
    ended = project.run("run", "--agent", "touch done", "--yes")
    assert (ended.code, "tasks-changed" in ended.err or "'Billing'" in ended.err) == (2, True)


def test_a_branch_that_nobody_recorded_is_work_too(project: Project) -> None:
    project.work("1", {"1.txt": "1"})
    write_tasks(project.desk.path, NEW)
    assert project.run("plan").code == 2


def test_a_subtask_under_way_is_known_by_what_it_is(tmp_path: Path) -> None:
    parts = [
        {"id": 1, "title": "Form", "status": "pending"},
        {"id": 2, "title": "Style", "status": "pending"},
    ]
    project = Project.create(tmp_path, [task(1, title="Login", subtasks=parts)])
    project.worker("1.1").run("checkout", "1.1", ok=0)
    parts[0]["title"] = "Database"
    write_tasks(project.desk.path, [task(1, title="Login", subtasks=parts)])
    ended = project.run("plan")
    assert (ended.code, "1.1: 'Form' is 'Database' now" in ended.err) == (2, True)


def test_two_tags_with_the_same_ids(landed: Landed) -> None:
    project = landed("1")
    write_tasks(project.desk.path, NEW, tag="billing")
    ended = project.run("plan", "--tag", "billing")
    assert (ended.code, "--new-list" in ended.err) == (2, True)
    project.run("plan", "--tag", "billing", "--new-list", ok=0)
    assert set(states(project).values()) == {"pending"}


def test_another_state_prefix_takes_no_branch_of_the_first(landed: Landed) -> None:
    project = landed("1")
    project.worker("2").do({"2.txt": "2"})
    write_tasks(project.desk.path, NEW)
    other = {"GITCOORD_STATE_PREFIX": "refs/other/"}
    project.run("plan", "--strategy", "multi-pr", env=other, ok=0)
    told = project.run("status", "--json", env=other, ok=0).json["tasks"]
    assert {id: one["state"] for id, one in told.items()} == {"1": "pending", "2": "pending", "3": "pending"}
    main = project.remote.tip("main")
    project.run("merge-level", "0", env=other)
    assert project.remote.tip("main") == main


def test_a_plan_that_grows_takes_no_branch_of_another_prefix(project: Project) -> None:
    other = {"GITCOORD_STATE_PREFIX": "refs/other/"}
    write_tasks(project.desk.path, [task(7)])
    settings = project.desk.path / "gitcoord.toml"
    settings.write_text('level-branch = "other-{level}"\n')
    project.run("plan", env=other, ok=0)
    settings.unlink()
    write_tasks(project.desk.path, [*OLD, task(7, title="Seven")])
    ended = project.run("plan")
    assert ended.code == 2
    assert "feature/level-0-task-7 belongs to the plan under refs/other/" in ended.err
