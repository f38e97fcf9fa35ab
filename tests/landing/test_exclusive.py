"""What only one task at a time may touch: the second goes back to its worker before it lands."""

from pathlib import Path

import pytest

from tests.landing.scenes import STRATEGIES
from tests.support.cli import gitcoord
from tests.support.project import Project, independent

FIRST, SECOND = "db/0021_first.sql", "db/0021_second.py"


def two_of_one_number(place: Path, strategy: str, rules: str = "") -> Project:
    project = Project.create(place, independent("1", "2"), strategy=strategy)
    for id, path in (("1", FIRST), ("2", SECOND)):
        worker = project.worker(id)
        worker.run("checkout", id, ok=0)
        worker.write({path: f"{id}\n"})
    (project.desk.path / "gitcoord.toml").write_text(rules)
    return project


@pytest.mark.parametrize(
    ("strategy", "method"),
    [("multi-pr", "merge"), ("single-pr", "merge"), ("multi-pr", "squash"), ("single-pr", "rebase")],
)
def test_the_second_lands_once_its_worker_has_come_after_the_first(
    tmp_path: Path, strategy: str, method: str
) -> None:
    project = two_of_one_number(tmp_path, strategy)
    land = ("merge-level", "--method", method, "--json")
    for id in ("1", "2"):
        project.worker(id).repo.git("push", "--quiet", "origin", f"feature/level-0-task-{id}")
        # What nobody recorded is adopted by landing; a submit under single-PR folds at once.
        project.remote.git("update-ref", "-d", f"refs/gitcoord/tasks/{id}")
    steps = project.run("merge-level", "--method", method, "--dry-run", ok=0).out
    assert "defer task 2: another task changed exclusive paths first" in steps
    told = project.run(*land, ok=1).json
    assert [one["task"] for one in told["landed"]] == ["1"]
    [deferred] = told["deferred"]
    assert (deferred["task"], deferred["with"], deferred["paths"]) == ("2", ["1"], [FIRST, SECOND])
    assert "task 1 changed exclusive paths first" in deferred["reason"]
    again = project.run(*land, ok=1).json
    assert [one["task"] for one in again["landed"]] == ["1"]

    worker = project.worker("2")
    assert worker.run("submit", "--json", ok=1).json["code"] == "conflict"
    assert "look at db/0021_first.sql" in worker.run("checkout", "2", ok=0).err
    worker.repo.git("mv", SECOND, "db/0022_second.py")
    worker.repo.git("commit", "--quiet", "-m", "Take the next number")
    worker.run("submit", ok=0)
    landed = project.run(*land, ok=0).json["landed"]
    assert [one["task"] for one in landed] == ["1", "2"]
    assert {FIRST, "db/0022_second.py"} <= set(project.remote.files("main"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_hint_can_be_switched_off_and_a_rule_of_the_settings_counts_alike(
    tmp_path: Path, strategy: str
) -> None:
    off = '[rules]\nsame-number = "allow"\n'
    project = two_of_one_number(tmp_path / "off", strategy, off)
    for id in ("1", "2"):
        worker = project.worker(id)
        (worker.repo.path / ".git/info/exclude").write_text("gitcoord.toml\n")
        (worker.repo.path / "gitcoord.toml").write_text(off)
        worker.run("submit", ok=0)
    assert project.run("check-conflicts", "--json", ok=0).json["pairs"] == []
    assert len(project.run("merge-level", "--json", ok=0).json["landed"]) == 2

    rule = '[rules]\nsame-number = "allow"\nexclusive = ["db/"]\n'
    project = two_of_one_number(tmp_path / "rule", strategy, rule)
    for id in ("1", "2"):
        project.worker(id).repo.git("push", "--quiet", "origin", f"feature/level-0-task-{id}")
    pair = project.run("check-conflicts", "--json", ok=1).json["pairs"][0]
    assert pair["decided_by"] == "exclusive"


def test_the_check_names_the_hint_and_who_has_been_overtaken(tmp_path: Path) -> None:
    project = two_of_one_number(tmp_path, "multi-pr")
    for id in ("1", "2"):
        project.worker(id).run("submit", ok=0)
    [pair] = project.run("check-conflicts", "--json", ok=1).json["pairs"]
    assert (pair["decided_by"], pair["exclusive"]) == ("exclusive", [FIRST, SECOND])
    assert "(same number)" in project.run("check-conflicts", "--explain", ok=1).out
    project.run("merge-level", ok=1)
    told = project.run("check-conflicts", "--json", ok=1).json
    second = next(branch for branch in told["branches"] if branch["task"] == "2")
    assert second["overtaken"] == [FIRST, SECOND]
    assert "Task 2 touches exclusive paths that changed in main" in project.run("check-conflicts", ok=1).out


def test_a_commit_of_a_person_on_the_base_overtakes_too(tmp_path: Path) -> None:
    project = two_of_one_number(tmp_path, "multi-pr")
    project.worker("2").run("submit", ok=0)
    project.remote.commit({"db/0021_by_hand.sql": "x\n"})
    [deferred] = project.run("merge-level", "--json", ok=1).json["deferred"]
    assert deferred["paths"] == ["db/0021_by_hand.sql", SECOND]
    # Brought up to date with plain git and pushed: handed in again.
    repo = project.worker("2").repo
    repo.git("pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    repo.git("push", "--quiet", "origin", "feature/level-0-task-2")
    landed = project.run("merge-level", "--json", ok=1).json["landed"]
    assert [one["task"] for one in landed] == ["2"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_agent_of_a_run_is_sent_back_once(tmp_path: Path, strategy: str) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy=strategy)
    script = """
        own=$GITCOORD_TASK_ID.sql
        ls db/0021_* >/dev/null 2>&1 || { mkdir -p db; sleep 1; echo "$own" > "db/0021_$own"; exit 0; }
        grep -q "adapt to the earlier change" "$GITCOORD_PROMPT_FILE" && git mv "db/0021_$own" "db/0022_$own"
    """
    ended = gitcoord("run", "--yes", "--land", "--shell", "--agent", script, cwd=project.desk.path)
    files = [path for path in project.remote.files("main") if path.startswith("db/")]
    assert {path[:7] for path in files} == {"db/0021", "db/0022"}, ended.err
    assert len(files) == 2
