"""A repository that cannot be written, a system without POSIX: named, never a traceback."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitcoord.cli.app import COMMANDS
from tests.support.cli import COMMAND, Ran
from tests.support.project import Project, independent
from tests.support.waiting import until

READS = (
    ("status",),
    ("status", "--json"),
    ("show",),
    ("next", "--json"),
    ("config",),
    ("log",),
    ("report",),
    ("check-conflicts", "level-0"),
    ("check-file", "--fetch", "src/main.rs"),
    ("plan", "--dry-run"),
    ("merge-level", "--dry-run"),
)
WRITES = (
    ("plan",),
    ("checkout", "1"),
    ("submit",),
    ("check-conflicts", "level-0", "--save"),
    ("merge-level",),
    ("run", "--agent", "true", "--yes"),
    ("worker", "1", "--agent", "true"),
    ("pause",),
    ("retry", "1"),
    ("cancel", "1"),
    ("rollback", "level-0"),
)
POSIX = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'


@pytest.fixture(scope="module", params=["that has looked", "that is new"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with work, seen from a clone that has its state, or from one that never asked for it."""
    place = tmp_path_factory.mktemp("odd")
    made = Project.create(place / "project", independent("1", "2"), files={".gitignore": ".taskmaster\n"})
    for id in ("1", "2"):
        made.worker(id).do({"src/main.rs": f"fn main() {{ {id} }}\n"})
    if request.param == "that is new":
        tasks = made.desk.path / ".taskmaster"
        made = Project(made.remote, made.remote.clone(place / "new"))
        shutil.copytree(tasks, made.desk.path / ".taskmaster")
    made.desk.git("fetch", "--quiet", "origin")
    made.desk.git("checkout", "--quiet", "feature/level-0-task-1")
    (made.desk.path / "more.rs").write_text("more\n")
    return made


@pytest.fixture(scope="module")
def frozen(project: Project) -> Iterator[list[str]]:
    """What goes before a command so that it finds the project read-only: for root a mount of its own."""
    path = str(project.desk.path)
    if os.geteuid() != 0:
        subprocess.run(["chmod", "-R", "a-w", path], check=True)
        yield []
        subprocess.run(["chmod", "-R", "u+w", path], check=True)
        return
    mounted = ["unshare", "--mount", "sh", "-c", MOUNT, path]
    if not shutil.which("unshare") or subprocess.run([*mounted, "true"], capture_output=True).returncode:
        pytest.skip("root cannot make a read-only mount here")
    yield mounted


def run(project: Project, before: list[str], *arguments: str) -> Ran:
    command = [*before, *COMMAND, *arguments]
    ended = subprocess.run(command, cwd=project.desk.path, stdin=subprocess.DEVNULL, capture_output=True)
    return Ran(ended.returncode, os.fsdecode(ended.stdout), os.fsdecode(ended.stderr))


def test_what_only_reads_works_in_a_read_only_repository(project: Project, frozen: list[str]) -> None:
    for arguments in READS:
        there = run(project, frozen, *arguments)
        assert (there.code, "Traceback" in there.err) in ((0, False), (1, False)), (arguments, there.err)
    told = run(project, frozen, "status", "--json").json
    assert {one["state"] for one in told["tasks"].values()} == {"submitted"}
    conflicts = run(project, frozen, "check-conflicts", "level-0", "--json").json
    assert conflicts["metrics"]["conflicting"] == 1


def test_what_writes_says_that_it_cannot(project: Project, frozen: list[str]) -> None:
    refs = project.remote.refs()
    for arguments in WRITES:
        ended = run(project, frozen, *arguments)
        assert (ended.code, "cannot be written to" in ended.err) == (3, True), (arguments, ended.err)
    assert project.remote.refs() == refs
    assert "cannot be written to" in run(project, frozen, "doctor").out


def test_the_working_copies_of_a_read_only_repository_are_seen(project: Project, frozen: list[str]) -> None:
    told = run(project, frozen, "check-conflicts", "level-0", "--worktrees", "--json").json
    places = {one["task"]: (one["directory"], one["uncommitted"]) for one in told["worktrees"]}
    assert places == {"1": (str(project.desk.path), True)}


def test_a_look_at_a_read_only_repository_leaves_nothing(project: Project, frozen: list[str]) -> None:
    places = [Path(place) for place in ("/dev/shm", "/tmp") if Path(place).is_dir()]
    before = {name for place in places for name in place.glob("gitcoord-objects-*")}
    run(project, frozen, "status")
    left = {name for place in places for name in place.glob("gitcoord-objects-*")} - before
    until(lambda: not any((name / "HEAD").exists() for name in left))  # other tests have some, too


def test_without_posix_every_command_says_so_in_one_sentence(tmp_path: Path) -> None:
    hidden = f"import sys; sys.modules.update(dict.fromkeys({POSIX!r}))"
    code = f"{hidden}; from gitcoord.cli.main import main; sys.exit(main(sys.argv[1:]))"
    for arguments in (READS[1], WRITES[1], *((name,) for name in COMMANDS)):
        command = [sys.executable, "-c", code, *arguments]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        said = ended.stderr.splitlines()
        assert ended.returncode == 3, (arguments, said)
        assert said == [
            "gitcoord: gitcoord needs Linux or macOS: Python has no fcntl on this system.",
            "  hint: On Windows, run it under WSL.",
        ]


@pytest.mark.parametrize("arguments", [*READS, *WRITES, ("check-file", "x")], ids=" ".join)
def test_a_removed_current_directory_is_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD" && exec "$@"'
    ended = subprocess.run(
        ["sh", "-c", script, "sh", *COMMAND, *arguments], cwd=gone, capture_output=True, text=True
    )
    assert (ended.returncode, "bug" in ended.stderr) == (3, False)
    assert "The current directory does not exist any more" in ended.stderr
