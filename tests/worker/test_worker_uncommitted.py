"""What an attempt left uncommitted: kept before another agent begins in its checkout."""

from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task
from tests.worker.test_worker import LINES, project, told
from tests.worker.test_worker_kept import LEFT, shell

__all__ = ["project"]  # a fixture

BROKEN = f"mkdir -p .git/refs/remotes/o; echo {'1' * 40} > .git/refs/remotes/o/broken"  # git cannot tell all
NESTED = (
    "mkdir -p n/in; (cd n; git init -q; echo lost > inner; git add inner; git commit -qm Inner; rm inner; "
    f"{BROKEN}"
)
LEAVE = (
    "echo precious > src/main.rs; echo staged > s; git add s; echo later > s; echo precious > new; "
    f"git rm -q --cached gone; echo precious > gone; echo S=1 > .env; {NESTED}; echo precious > in/one)"
)
THERE = (
    "grep -q precious src/main.rs && grep -q precious new && grep -q precious n/in/one && "
    'test "$(git show :s) $(cat s) $(cat .env)" = "staged later S=1"'
)
WIPE = "git reset -q --hard; git clean -ffdxq"
FILES = {"gone": "1\n", "own": "1\n"}


def held_back(project: Project) -> set[str]:
    place = project.desk.path / ".git/gitcoord-kept/held-back"
    return {path.read_text() for path in place.rglob(".env")}


@pytest.mark.parametrize("strategy", ["multi-pr", "single-pr"])
@pytest.mark.parametrize("unit", ["1", "2.1"])
def test_what_is_not_committed_outlives_an_agent_that_wipes_the_checkout(
    tmp_path: Path, strategy: str, unit: str
) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    tasks = [task(1), task(2, subtasks=parts)]
    project = Project.create(tmp_path / "project", tasks, strategy=strategy, files=FILES)
    ref = f"{LEFT}{unit}-1"
    shell(project, f"{LEAVE}; exit 1", unit, ok=1)
    said = shell(project, f'{THERE} && grep -q "{ref}" "$GITCOORD_PROMPT_FILE" && {WIPE}; exit 1', unit, ok=1)
    assert f"uncommitted work of attempt 1 is kept: git stash show --patch {ref}" in said
    assert told(project, unit)[-1].endswith(f" (commits that are on no branch: {ref})")
    paths = ("src/main.rs", "new", "gone", "n/in/one")
    assert [project.desk.git("show", f"{ref}:{path}") for path in paths] == ["precious"] * 4
    assert [project.desk.git("show", f"{ref}{name}") for name in (":s", "^2:s")] == ["later", "staged"]
    assert "lost" in project.desk.git("log", "--patch", "--format=", ref)  # the repository's own commit
    assert (held_back(project), ".env" in project.desk.git("ls-tree", "-r", "--name-only", ref)) == (
        {"S=1\n"},
        False,
    )
    shell(project, f"git stash apply -q {ref} && grep precious n/in/one", unit)
    assert {"new", "n/in/one"} <= set(project.remote.files(f"feature/level-0-task-{unit[0]}"))
    assert project.desk.git("for-each-ref", "--format=%(refname)", "refs/gitcoord-kept") == ref


@pytest.mark.parametrize(
    ("leave", "code", "wipe"),
    [
        ("kill -9 $PPID; sleep 1", -9, "git checkout -q .; git clean -fdq"),
        ("git update-index --assume-unchanged own; echo precious > own; exit 1", 1, WIPE),
        ("git checkout -q --detach main; exit 1", 1, WIPE),
        ("echo 1 > c; git add c; git commit -qm C; git switch -qc mine main; exit 1", 1, "true"),
        (": > $(git rev-parse --git-path index); exit 1", 1, WIPE),
        (f'{WIPE}; echo precious > new; rm -rf "$(git rev-parse --git-dir)"; exit 1', 1, WIPE),
        ("touch $(git rev-parse --git-path index.lock); exit 1", 1, WIPE),
        ("git rm -q own; ln -s gone link; chmod +x new; exit 1", 1, 'rm -rf -- "$PWD"/*'),
    ],
    ids=["killed", "hidden", "detached", "switched", "index", "record", "locked", "removed"],
)
def test_wherever_the_checkout_stands_what_is_not_committed_is_kept(
    project: Project, leave: str, code: int, wipe: str
) -> None:
    project.remote.commit({"own": "1\n"}, "Own")
    shell(project, f"echo precious > new; {leave}", ok=code)
    shell(project, f"{wipe}; echo 1 > x")
    kept = project.desk.git(
        "log", "--patch", "--format=", "-m", "--first-parent", f"{LEFT}1-1", "--not", "main"
    )
    assert "+precious" in kept
    assert project.desk.git("stash", "list") == ""


@pytest.mark.parametrize("how", ["retry", "retry --fresh", "fresh", "never"])
def test_a_retry_and_the_removal_of_a_checkout_keep_it(project: Project, how: str) -> None:
    settings = {"fresh": "fresh = true", "never": 'keep-checkout = "never"'}.get(how, "")
    (project.desk.path / "gitcoord.toml").write_text(f"[run]\n{settings}\n")
    shell(project, "echo precious > new; exit 1", ok=1)
    if how == "never":
        assert told(project)[-1].endswith(f" (commits that are on no branch: {LEFT}1-1)")
    if how.startswith("retry"):
        gitcoord(*how.split(), "1", cwd=project.desk.path, ok=0)
    shell(project, f"{WIPE}; echo 1 > x")
    assert project.desk.git("show", f"{LEFT}1-1:new") == "precious"


def test_a_machine_that_gets_its_task_back_keeps_what_its_own_attempt_left(
    project: Project, tmp_path: Path
) -> None:
    other = Repo(tmp_path / "other" / "desk")
    project.desk.git("clone", "--quiet", project.remote.path.as_uri(), str(other.path))
    shell(project, "echo precious > new; exit 1", ok=1)
    shell(
        project,
        "echo 2 > two; git add two; git commit -qm Two; git push -q origin HEAD; exit 1",
        at=other.path,
        ok=1,
    )
    shell(project, f"{WIPE}; echo 1 > x")
    assert project.desk.git("show", f"{LEFT}1-1:new") == "precious"
    assert not other.git("for-each-ref", "refs/gitcoord-kept")


def test_a_turn_keeps_what_the_turn_before_it_did_not_commit(project: Project, tmp_path: Path) -> None:
    """A conflict that is half resolved is kept; one that nobody has touched is not."""
    turns = tmp_path / "turns"
    script = (
        f"echo >> {turns}; case $(wc -l < {turns}) in 1) sed -i 's/line 5/mine/' app.txt ;; 2) : ;; "
        "3) echo precious > half ;; 4) git reset -q --hard MERGE_HEAD; git clean -fdq ;; esac"
    )
    shell(project, script)
    project.remote.commit({"app.txt": LINES.replace("line 5", "theirs")}, "Theirs")
    project.run("merge-level", "level-0", ok=1)
    for rework, kept in (("0", ""), ("3", f"{LEFT}1-3")):
        words = ("worker", "1", "--now", "--shell", "--rework", rework, "--agent", script)
        gitcoord(*words, cwd=project.desk.path)
        assert project.desk.git("for-each-ref", "--format=%(refname)", "refs/gitcoord-kept") == kept
    assert project.desk.git("show", f"{LEFT}1-3:half") == "precious"
