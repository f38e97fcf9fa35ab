"""`scripts/container-base.sh`: workers as real processes on one shared repository, killed and restarted."""

import os
import re
import signal
from pathlib import Path

import pytest

from gitcoord.worker.attempt.agent_presets import PRESETS
from tests.support.container import DO, SCRIPT, ended, kill, wait_for, work_in_base
from tests.support.container import ForkedContainer as Container
from tests.support.copies import copy_of
from tests.support.project import Project, independent
from tests.support.tasklists import task, write_tasks

TOKEN = "ghp_" + "S3cret" * 6


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One task, which nobody has begun."""

    def make(place: Path) -> Project:
        return Project.create(place, independent("1"))

    return copy_of("container", make, tmp_path, tmp_path_factory)


def test_workers_at_once_hand_in_and_the_last_one_lands_the_level(tmp_path: Path) -> None:
    ids = ("1", "2", "3")
    project = Project.create(tmp_path, independent(*ids), strategy="single-pr")
    running = [Container(project, id, EXECUTION_LEVEL="level-0").start() for id in ids]
    for process in running:
        ended(process)
    assert work_in_base(project) == {
        f"work/{id}.txt": f"{id} on feature/level-0-task-{id} in level-0" for id in ids
    }
    subjects = project.remote.git("log", "--no-merges", "--format=%s", "main").splitlines()
    assert sorted(subjects[:-1]) == [f"{id}: Task {id}" for id in ids]


def test_the_next_level_starts_from_what_has_landed(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2, depends_on=[1])])
    early = Container(project, "2").run(ok=75)
    assert "depends on task 1, not landed yet" in early.err
    Container(project, "1").run()
    Container(project, "2", EXECUTION_LEVEL="1").run()
    assert set(work_in_base(project)) == {"work/1.txt", "work/2.txt"}


def test_the_last_worker_of_a_wave_lands_it_for_the_next_wave(tmp_path: Path) -> None:
    clashing = [task(id, modifies=["work/shared.txt"]) for id in (1, 2)]
    project = Project.create(tmp_path, [*clashing, task(3)], strategy="single-pr")
    assert project.run("plan", "--format", "waves").out == "[[1,3],[2]]\n"
    early = Container(project, "2").run(ok=75)
    assert "waits for tasks 1, 3 in earlier waves of level-0" in early.err
    Container(project, "1").run()
    assert work_in_base(project) == {}
    Container(project, "3").run()
    assert set(work_in_base(project)) == {"work/1.txt", "work/3.txt"}
    Container(project, "2").run()
    assert set(work_in_base(project)) == {"work/1.txt", "work/2.txt", "work/3.txt"}


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_conflict_is_worked_on_when_the_container_starts_again(tmp_path: Path, strategy: str) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy=strategy)
    edit = "sed -i.bak s/start/$TASK_ID/ src/main.rs && rm src/main.rs.bak"
    Container(project, "1").with_agent(edit).run()
    second = Container(project, "2").with_agent(edit)
    assert "task 2 conflicts with task 1 in src/main.rs" in second.run(ok=1).err.lower()
    assert "not resolved in src/main.rs" in second.with_agent("true").run(ok=1).err
    second.with_agent("echo '// 1 and 2' > src/main.rs; echo new > new.txt").run()
    assert project.remote.read("main", "src/main.rs") == "// 1 and 2"
    assert project.remote.read("main", "new.txt") == "new"


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_landing_step_gives_what_conflicts_back_to_the_agent_and_lands_it(
    tmp_path: Path, strategy: str
) -> None:
    project = Project.create(tmp_path, independent("1", "2", "3"), strategy=strategy)
    edit = "sed -i.bak s/start/$TASK_ID/ src/main.rs && rm src/main.rs.bak"
    for id in ("1", "2"):
        Container(project, id, MERGE="0").with_agent(edit).run(ok=None)  # single-PR tells the second at once
    assert "start" in project.remote.read("main", "src/main.rs")
    resolve = "echo '// 1 and 2' > src/main.rs"
    one = Container(project, "1", STEP="land").with_agent(resolve)
    assert "Task 1 was deferred" not in one.run().err
    # The whole level is not in: nobody has worked at task 3.
    level = Container(project, "", STEP="land", EXECUTION_LEVEL="0", WORKDIR=str(tmp_path / "level"))
    assert "Task 2 was deferred; its agent" in level.with_agent(resolve).run(ok=1).err
    assert project.remote.read("main", "src/main.rs") == "// 1 and 2"
    Container(project, "3", MERGE="0").run()
    level.run()
    assert "work/3.txt" in work_in_base(project)
    assert "3 of 3 tasks landed" in Container(project, "", STEP="report").run().out


def test_a_landing_step_ends_with_1_where_the_agent_does_not_resolve(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"))
    for id in ("1", "2"):
        Container(project, id, MERGE="0").with_agent(f"echo {id} > src/main.rs").run(ok=None)
    Container(project, "1", STEP="land").run()
    assert (
        "not resolved in src/main.rs" in Container(project, "2", STEP="land").with_agent("true").run(ok=1).err
    )
    assert Container(project, "2", STEP="land", REWORKS="0").run(ok=1).err.count("worker: Task 2 was") == 0
    assert "STEP is work, land or report" in Container(project, "2", STEP="merge").run(ok=2).err
    assert "The plan has no task 9" in Container(project, "9", STEP="land").run(ok=2).err


def test_work_of_an_old_task_list_is_not_handed_in_for_the_new_one(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1, title="Login")])
    pushing = tmp_path / "pushing"
    hook = f"[ -e '{pushing}' ] || {{ touch '{pushing}'; sleep 60; }}"
    file = '"$(git rev-parse --git-common-dir)/hooks/pre-push"'
    write_hook = f'printf "%s\\n" "#!/bin/sh" "{hook}" > {file}; chmod +x {file}'
    container = Container(project, "1").with_agent(f"echo old > old.txt; {write_hook}")
    process = container.start()
    wait_for(pushing.exists, process)
    kill(process)
    write_tasks(project.desk.path, [task(1, title="Billing")])
    project.run("plan", "--new-list", ok=0)
    container.with_agent(DO).run()
    assert set(work_in_base(project)) == {"work/1.txt"}
    assert "feature/level-0-task-1-g2" in project.remote.read("main", "work/1.txt")
    assert "old.txt" not in project.remote.files("main")


@pytest.mark.parametrize("step", ["clone", "worker", "check-conflicts", "merge-level"])
def test_a_container_killed_after_any_step_ends_the_same_when_started_again(
    project: Project, tmp_path: Path, step: str
) -> None:
    container = Container(project, "1", AGENT_COMMAND=f"echo once >> {tmp_path}/runs; {DO}")
    healthy = container.env["PATH"]
    container.env["PATH"] = f"{deadly(tmp_path / 'bin', step, healthy)}{os.pathsep}{healthy}"
    process = container.start()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    container.env["PATH"] = healthy
    container.run()
    assert set(work_in_base(project)) == {"work/1.txt"}
    assert (tmp_path / "runs").read_text() == "once\n"
    before = project.remote.refs()
    assert "task 1 has already landed on main" in container.run().err
    assert project.remote.refs() == before


def deadly(directory: Path, step: str, path: str) -> Path:
    """A directory with a git and a gitcoord that kill the whole container once `step` is done."""
    directory.mkdir()
    for name in ("git", "gitcoord"):
        program = directory / name
        run = f'PATH="{path}" {name} "$@"'
        program.write_text(f'#!/bin/bash\nif [ "$1" = {step} ]; then {run}; kill -9 0; fi\n{run}\n')
        program.chmod(0o755)
    return directory


def test_the_names_of_known_agents_are_the_presets() -> None:
    known = re.search(r"^ *([a-z |]+)\) agent=", SCRIPT.read_text(), re.MULTILINE)
    assert known is not None
    assert sorted(known[1].split(" | ")) == sorted(PRESETS)


def test_an_agent_that_fails_hands_nothing_in(project: Project) -> None:
    failed = Container(project, "1").with_agent("echo half > half.txt; exit 7").run(ok=1)
    assert "ended with code 7" in failed.err
    assert project.remote.find("refs/heads/feature/level-0-task-1") is None


def test_an_agent_may_commit_by_itself(project: Project) -> None:
    Container(project, "1").with_agent(f"{DO}; git add .; git commit -qm 'My own words'; echo > rest").run()
    subjects = project.remote.git("log", "--no-merges", "--format=%s", "main").splitlines()
    assert subjects[:2] == ["1: Task 1", "My own words"]


def test_landing_can_be_left_to_somebody_else(project: Project) -> None:
    Container(project, "1", MERGE="0").run()
    assert work_in_base(project) == {}
    Container(project, "1", MERGE_OPTIONS="--method squash").run()
    assert set(work_in_base(project)) == {"work/1.txt"}
    assert project.remote.git("log", "--merges", "--format=%s", "main") == ""


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"EXECUTION_LEVEL": "level-3"}, "EXECUTION_LEVEL is level-3, but the plan has task 1 in level-0."),
        ({"EXECUTION_LEVEL": "3"}, "EXECUTION_LEVEL is 3, but the plan has task 1 in level-0."),
        ({"TASK_ID": ""}, "TASK_ID is not set."),
        ({"AGENT_COMMAND": ""}, "AGENT_COMMAND is not set."),
        ({"REPOSITORY_URL": ""}, "REPOSITORY_URL is not set."),
        ({"TASK_ID": "../../x"}, "The plan has no task '../../x'."),
        ({"TASK_ID": "--help"}, "The plan has no task '--help'."),
        ({"MERGE": "perhaps"}, "MERGE is 0 or 1"),
    ],
)
def test_a_wrong_environment_is_told_before_any_work(
    project: Project, variables: dict[str, str], said: str
) -> None:
    before = project.remote.refs()
    container = Container(project, "1", **variables).run(ok=2)
    assert said in container.err
    assert project.remote.refs() == before


def test_a_directory_that_holds_something_else_is_left_alone(project: Project) -> None:
    container = Container(project, "1")
    container.workdir.mkdir()
    (container.workdir / "mine.txt").write_text("mine\n")
    assert "holds something that is no clone" in container.run(ok=2).err
    assert [file.name for file in container.workdir.iterdir()] == ["mine.txt"]


def test_a_clone_that_lies_there_already_is_used_and_never_emptied(project: Project) -> None:
    container = Container(project, "1")
    clone = project.remote.clone(container.workdir)
    (clone.path / ".git" / "info" / "exclude").write_text("cache\n")
    (clone.path / "cache").write_text("warm\n")
    for _ in range(2):
        container.run()
    assert (clone.path / "cache").read_text() == "warm\n"
    assert set(work_in_base(project)) == {"work/1.txt"}


def test_the_agent_gets_only_the_tokens_that_are_named(project: Project) -> None:
    names = "env | sed -n 's/=.*//p' | grep _TOKEN$ > work.txt"
    tokens = {"GITHUB_TOKEN": TOKEN, "GH_TOKEN": TOKEN, "GH_ENTERPRISE_TOKEN": TOKEN}
    container = Container(project, "1", **tokens, PASS_ENVIRONMENT="GH_TOKEN", MERGE="0")
    container.with_agent(names).run()
    assert project.remote.read("feature/level-0-task-1", "work.txt") == "GH_TOKEN"


def test_no_token_is_ever_said(project: Project) -> None:
    urls = [f"https://user:{TOKEN}@127.0.0.1:9/x.git", f"https://{TOKEN}@127.0.0.1:9/x.git"]
    for url in urls:
        refused = Container(project, "1", REPOSITORY_URL=url, GITHUB_TOKEN=TOKEN).run(ok=3)
        assert "cannot be fetched" in refused.err
        assert TOKEN not in refused.out + refused.err
