"""Hostile input, for every command: one clear sentence, the documented exit code, and nothing changed."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.cli import Ran, gitcoord
from tests.support.copies import copy_of
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks

TITLE = '"; rm -rf ~ #[/red]\x1b[2J\u202e $(touch owned) `touch owned`'
TOKEN = "ghp_" + "s3cret0" * 5
COMMANDS = {
    "plan": ["plan"],
    "checkout": ["checkout", "1"],
    "submit": ["submit", "1"],
    "submit alone": ["submit"],
    "check-conflicts": ["check-conflicts"],
    "merge-level": ["merge-level"],
    "status": ["status"],
}


def fingerprint(place: Path) -> dict[str, str]:
    """Every file below `place` with its content; what gitcoord itself only caches is left out."""
    found = {}
    for file in sorted(place.rglob("*")):
        name = file.relative_to(place).as_posix()
        cached = "gitcoord-mirror" in name or name.endswith(".lock") or "/objects/" in f"/{name}"
        if file.is_file() and not cached:
            found[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def is_one_clear_sentence(ran: Ran) -> None:
    document = ran.json
    assert document["schema"] == "gitcoord.error/1"
    assert document["exit"] == ran.code
    assert document["message"].strip()
    assert "\n" not in document["message"]
    is_harmless(ran)


def is_harmless(ran: Ran) -> None:
    """Nothing that a terminal would obey, and no traceback, in whatever was said."""
    said = ran.out + ran.err
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "Traceback" not in said
    assert ran.code in (0, 1, 2, 3), said


# --- Places where no work can be done --------------------------------------------------------------------


def _without_commits(tmp_path: Path, project: Project) -> Path:
    return Repo.create(tmp_path / "empty").path


def _shallow(tmp_path: Path, project: Project) -> Path:
    return project.remote.clone(tmp_path / "shallow", "--depth=1").path


def _bare(tmp_path: Path, project: Project) -> Path:
    return project.remote.clone(tmp_path / "bare.git", "--bare").path


def _detached(tmp_path: Path, project: Project) -> Path:
    clone = project.remote.clone(tmp_path / "detached")
    clone.git("checkout", "--quiet", "--detach")
    return clone.path


def _no_repository(tmp_path: Path, project: Project) -> Path:
    place = tmp_path / "nowhere"
    place.mkdir()
    return place


def _broken_repository(tmp_path: Path, project: Project) -> Path:
    clone = project.remote.clone(tmp_path / "broken")
    (clone.path / ".git" / "HEAD").write_text("garbage\n")
    return clone.path


def _all(code: int, **others: int) -> dict[str, int]:
    return {name: others.get(name.replace("-", "_").replace(" ", "_"), code) for name in COMMANDS}


PLACES: Mapping[str, tuple[Callable[[Path, Project], Path], Mapping[str, int]]] = {
    "no commits": (_without_commits, _all(3, plan=3, status=2)),
    "shallow": (_shallow, _all(3, plan=0, status=0)),
    "bare": (_bare, _all(2, checkout=3, check_conflicts=0, merge_level=1, status=0)),
    "detached": (_detached, _all(0, submit=2, submit_alone=2, merge_level=1, checkout=0)),
    "no repository": (_no_repository, _all(3, plan=2)),
    "broken repository": (_broken_repository, _all(3, plan=2)),
}


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    def make(place: Path) -> Project:
        made = Project.create(place, [task(1), task(2)])
        made.remote.commit({"second.txt": "so that a clone can be shallow\n"})
        return made

    return copy_of("hostile", make, tmp_path / "world", tmp_path_factory)


@pytest.mark.parametrize("place", PLACES)
def test_a_place_where_no_work_can_be_done_is_named(tmp_path: Path, project: Project, place: str) -> None:
    make, codes = PLACES[place]
    home = make(tmp_path, project)
    if place not in ("bare", "no repository", "broken repository"):
        write_tasks(home, [task(1), task(2)])
    # What works there comes last, because it may change something.
    for name in sorted(COMMANDS, key=lambda name: (codes[name] == 0, name == "checkout")):
        before = fingerprint(home), project.remote.refs(), project.remote.objects()
        ran = gitcoord(*COMMANDS[name], "--json", cwd=home)
        assert ran.code == codes[name], (name, ran)
        is_harmless(ran)
        if ran.code in (2, 3):
            is_one_clear_sentence(ran)
            assert (fingerprint(home), project.remote.refs(), project.remote.objects()) == before, name


# --- Task lists that are none ----------------------------------------------------------------------------

MARKERS = '<<<<<<< HEAD\n{"master": {"tasks": []}}\n=======\n{}\n>>>>>>> other\n'
TEXTS = {
    "not JSON": b"tasks:\n  - id: 1\n",
    "empty": b"",
    "conflict markers": MARKERS.encode(),
    "bytes": bytes(range(256)),
    "escapes": b'{"master": {"tasks": [{"id": "\x1b[2J", "title": 1}]}}',
    "a number": b"17",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_file_that_is_no_task_list_is_named_and_nothing_is_saved(project: Project, text: str) -> None:
    path = project.desk.path / ".taskmaster" / "tasks" / "tasks.json"
    path.write_bytes(TEXTS[text])
    before = fingerprint(project.desk.path), project.remote.refs(), project.remote.objects()
    ran = project.run("plan", "--json", ok=2)
    is_one_clear_sentence(ran)
    assert "tasks.json" in ran.json["message"]
    assert (fingerprint(project.desk.path), project.remote.refs(), project.remote.objects()) == before


def test_a_directory_in_the_task_lists_place_is_named(project: Project) -> None:
    path = project.desk.path / ".taskmaster" / "tasks" / "tasks.json"
    path.unlink()
    path.mkdir()
    ran = project.run("plan", "--json", ok=2)
    is_one_clear_sentence(ran)
    assert "tasks.json" in ran.json["message"]


def test_two_thousand_tasks_in_one_level_are_no_trouble_to_any_command(project: Project) -> None:
    write_tasks(project.desk.path, [task(id, title=TITLE) for id in range(1, 2001)])
    (project.desk.path / ".git" / "info" / "exclude").write_text(".taskmaster\n")
    planned = project.run("plan", "--json", ok=0)
    assert len(planned.json["levels"][0]["tasks"]) == 2000
    is_harmless(project.run(*COMMANDS["checkout"], ok=0))
    project.desk.git("commit", "--quiet", "--allow-empty", "--message", "work")
    for name, code in {"submit": 0, "check-conflicts": 0, "merge-level": 1, "status": 0}.items():
        is_harmless(project.run(*COMMANDS[name], ok=code))


# --- Names that want to be something else ----------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_hostile_title_is_only_ever_text(tmp_path: Path, strategy: str) -> None:
    tasks = [task(1, title=TITLE), task(2, title=TITLE)]
    project = Project.create(tmp_path, tasks, strategy=strategy)
    ended = []
    for id in ("1", "2"):
        worker = project.worker(id)
        ended.append(worker.run("checkout", id, ok=0))
        worker.write({"src/main.rs": f"{id}\n", "\x1b[2J[red].txt": f"{id}\n"})
        ended.append(worker.run("submit"))
    for name in ("plan", "check-conflicts", "merge-level", "status"):
        ended += [project.run(*COMMANDS[name]), project.run(*COMMANDS[name], "--json")]
    for ran in ended:
        is_harmless(ran)
    assert ended[-1].json["tasks"]["1"]["title"] == TITLE
    assert list(tmp_path.rglob("owned")) == []


@pytest.mark.parametrize(
    "id", ["../../x", "--upload-pack=x", "a..b", "x.lock", "\x1b[2J", "[red]", "-", "a b", ""]
)
def test_an_id_that_is_no_part_of_a_branch_name_is_refused_by_every_command(
    project: Project, id: str
) -> None:
    write_tasks(project.desk.path, [task(id, title="x")])
    before = project.remote.refs(), project.remote.objects()
    if id != "--upload-pack=x" and id != "-":
        is_one_clear_sentence(project.run("plan", "--json", ok=2))
    for command in ("checkout", "submit", "check-conflicts", "merge-level"):
        is_one_clear_sentence(project.run(command, "--json", "--", id, ok=2))
    assert (project.remote.refs(), project.remote.objects()) == before


@pytest.mark.parametrize(
    "pattern", ["--upload-pack={task}", "../{task}", "{task}.lock", "refs/heads/{task}\x1b[2J"]
)
def test_a_branch_pattern_that_makes_no_branch_names_is_refused(project: Project, pattern: str) -> None:
    (project.desk.path / "gitcoord.toml").write_text(f"task-branch = {json.dumps(pattern)}\n")
    before = project.remote.refs()
    is_one_clear_sentence(project.run("plan", "--json", ok=2))
    assert project.remote.refs() == before


@pytest.mark.parametrize("base", ["--upload-pack=touch owned", "-x", "main\x1b[2J", "../main", "main^{tree}"])
def test_a_base_that_is_no_branch_is_refused(project: Project, base: str) -> None:
    before = project.remote.refs()
    is_one_clear_sentence(project.run("plan", "--json", f"--base={base}", ok=2))
    assert project.remote.refs() == before


BRANCH = "--upload-pack=touch${IFS}owned"


def test_a_plan_of_somebody_else_with_options_for_branches_makes_git_do_nothing(
    tmp_path: Path, project: Project
) -> None:
    text = project.remote.git("show", "refs/gitcoord/plan:plan.json")
    blob = project.remote.git(
        "hash-object", "-w", "--stdin", input=text.replace("feature/level-0-task-1", BRANCH).encode()
    )
    tree = project.remote.git("mktree", input=f"100644 blob {blob}\tplan.json\n".encode())
    message = project.remote.git("log", "-1", "--format=%B", "refs/gitcoord/plan")
    parent = project.remote.tip("refs/gitcoord/plan")
    commit = project.remote.git("commit-tree", tree, "-p", parent, input=message.encode())
    project.remote.git("update-ref", "refs/gitcoord/plan", commit)
    before = project.remote.refs()
    for name in ("checkout", "submit", "submit alone", "check-conflicts", "merge-level", "status"):
        ran = project.run(*COMMANDS[name], "--json")
        is_harmless(ran)
        assert project.remote.refs() == before, name
    assert list(tmp_path.rglob("owned*")) == []


# --- Secrets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", [f"user:{TOKEN}", TOKEN, "user:p@ss-w0rd-1"])
def test_no_secret_is_in_what_is_said_of_a_remote_that_does_not_answer(project: Project, login: str) -> None:
    secret = login.removeprefix("user:")
    project.desk.git("remote", "set-url", "origin", f"https://{login}@127.0.0.1:9/owner/x.git")
    for name, arguments in COMMANDS.items():
        ran = project.run(*arguments, "--json", env={"GITHUB_TOKEN": TOKEN, "GH_TOKEN": TOKEN}, ok=3)
        is_one_clear_sentence(ran)
        assert secret not in ran.out + ran.err, name
        assert TOKEN not in ran.out + ran.err, name


def test_a_remote_that_is_gone_is_one_sentence(project: Project) -> None:
    shutil.rmtree(project.remote.path)
    for arguments in COMMANDS.values():
        is_one_clear_sentence(project.run(*arguments, "--json", ok=3))
