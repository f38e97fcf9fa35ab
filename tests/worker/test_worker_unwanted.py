"""Files that hardly anybody wants to land: held back where gitcoord commits, else named or refused."""

from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import BRANCH, told
from tests.worker.test_worker_kept import shell

KEY = "printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\nabc\\n'"
SECRETS = f"mkdir -p a; echo S=1 > .env; {KEY} > a/deploy; echo 1 > id_rsa"
LEFT = f"{SECRETS}; echo 1 > work; head -c 2000000 /dev/zero > big"
HELD = {".env", "a/deploy", "big", "id_rsa"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)])
    (project.desk.path / "gitcoord.toml").write_text("[rules]\nmax-file-megabytes = 1\n")
    return project


@pytest.mark.parametrize("staged", ["", "; git add -A"], ids=["left", "staged"])
@pytest.mark.parametrize("unit", ["1", "2.1"])
def test_what_an_agent_left_is_committed_without_them(project: Project, unit: str, staged: str) -> None:
    said = shell(project, f"{LEFT}; echo T=1 > .env.example{staged}", unit)
    brought = set(project.remote.files(f"feature/level-0-task-{unit[0]}"))
    assert (brought & HELD, brought >= {"work", ".env.example"}) == (set(), True)
    for words in (
        ".env (matches .env)",
        "a/deploy (a private key)",
        "big (1.9 MB, the limit is 1)",
        "id_rsa (",
    ):
        assert words in said
    assert "(not committed: " in [line for line in told(project, unit) if " ended: ok" in line][-1]
    kept = {path.name: path for path in (project.desk.path / ".git/gitcoord-kept/held-back").rglob("*")}
    assert kept[".env"].read_text() == "S=1\n"
    assert {str(path.relative_to(kept[".env"].parent)) for path in kept.values()} >= HELD


def test_settings_say_what_is_held_back(project: Project) -> None:
    settings = '[rules]\nmax-file-megabytes = 0\nhold-back = ["!a/**", "!.env", "work*"]\n'
    (project.desk.path / "gitcoord.toml").write_text(settings)
    shell(project, f"{LEFT}; mkdir workshop; echo 1 > workshop/x")
    brought = set(project.remote.files(BRANCH))
    assert (brought >= {".env", "a/deploy", "big"}, brought & {"work", "workshop/x", "id_rsa"}) == (
        True,
        set(),
    )


def test_what_the_project_has_is_its_own_decision(project: Project) -> None:
    project.remote.commit({".env": "S=0\n"}, "it is public")
    shell(project, "echo S=1 > .env")
    assert project.remote.read(BRANCH, ".env") == "S=1"


@pytest.mark.parametrize("unit", ["1", "2.1"])
def test_nothing_to_hand_in_names_what_is_there(project: Project, unit: str) -> None:
    (project.desk.path / ".git/info/exclude").write_text("dist/\n")
    shell(project, "mkdir dist; echo 1 > dist/x; echo 1 > .env", unit, ok=1)
    assert "; held back: .env; git ignores dist/ (" in told(project, unit)[-1]


@pytest.mark.parametrize("unit", ["1", "2.1"])
def test_a_private_key_in_a_commit_is_refused_and_the_rest_is_named(project: Project, unit: str) -> None:
    commit = "git add -Af; git commit -qm Work"
    shell(
        project,
        f"{LEFT}; {commit}; git rm -q --cached a/deploy; rm a/deploy; git commit -qm Sorry",
        unit,
        ok=1,
    )
    assert "has a private key in its commits: a/deploy" in told(project, unit)[-1]
    assert "work" not in project.remote.git("log", "--all", "--name-only", "--format=").split()
    checkout = project.desk.path.parent / "desk.gitcoord" / unit
    by_hand = gitcoord("submit", unit, cwd=checkout, env={})
    assert (by_hand.code, "has a private key" in by_hand.err) == (1, True)
    said = shell(project, f"git reset -q --soft main; {commit}", unit)
    assert " adds .env (matches .env), big (1.9 MB, the limit is 1), id_rsa (matches id_rsa)" in said


def test_changes_to_settings_and_to_a_task_list_that_lands_are_said(project: Project) -> None:
    (project.desk.path / ".gitignore").write_text("")
    tasks = next(str(path.relative_to(project.desk.path)) for path in project.desk.path.rglob("tasks.json"))
    project.desk.path.joinpath("gitcoord.toml").write_text('task-list-changes = "keep"\n')
    table = "printf '[tool.gitcoord]\\nmax-parallel = 2\\n' > pyproject.toml"
    said = shell(
        project, f"mkdir -p {Path(tasks).parent}; echo '[]' > {tasks}; echo > gitcoord.toml; {table}"
    )
    assert f"{BRANCH} changes gitcoord's settings (gitcoord.toml, [tool.gitcoord] in pyproject.toml)" in said
    assert f"{BRANCH} changes the task list ({tasks}): it lands with it" in said
    assert "settings" not in shell(project, "echo '[tool.x]' > pyproject.toml", "2.1")
