"""What a checkout is given before its agent begins: carried files, the setup, a slot."""

from pathlib import Path

import pytest

from gitcoord.worker.attempt.slot_numbers import held_slot
from tests.support.project import Project
from tests.support.repos import Content, symlink
from tests.support.tasklists import task
from tests.worker.test_worker import BRANCH, told
from tests.worker.test_worker_kept import shell


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files: dict[str, Content] = {
        ".gitignore": ".env\n*.log\n",
        "old": "1\n",
        "gone": "1\n",
        "link": symlink("/nowhere"),
    }
    project = Project.create(tmp_path / "project", [task(1), task(2)], files=files)
    for path in (".env", "config/local.one", "config/other", "we ird/[x]#", "link.d/x", "seen.log"):
        (project.desk.path / path).parent.mkdir(exist_ok=True)
        (project.desk.path / path).write_text("mine\n")
    return project


def test_files_are_carried_in_and_the_setup_is_run_once_and_neither_is_ever_committed(
    project: Project,
) -> None:
    (project.desk.path / "gitcoord.toml").write_text(
        "[run]\nshell = true\ncarry = ['.env', 'config/local.*', '/we ird/']\n"
        "setup = 'echo setting up; echo x >> made; cat .env'\n"
    )
    (project.desk.path / ".worktreeinclude").write_text("seen.log\n")
    agent = (
        "test $(wc -l < made) = 1 && cat config/local.one 'we ird/[x]#' seen.log && test ! -e config/other"
    )
    said = shell(project, f"{agent} && git add -A && git commit -qm Nothing; exit 1", ok=1)
    assert "carried in: .env, config/local.one, seen.log, we ird/[x]#" in said
    assert "setting up\nmine\n" in said
    assert "the setup left untracked files, which are not committed: made" in said
    # Nothing of that was there to be committed by the agent, nor for the worker.
    assert "nothing to commit" in said or "nothing added" in said
    said = shell(project, f"{agent} && echo 1 > work")
    assert "setting up" not in said
    assert sorted(set(project.remote.files(BRANCH)) - set(project.remote.files("main"))) == ["work"]
    # Who commits one all the same does not get it landed.
    shell(project, "git add -f config/local.one; git commit -qm Mine; echo 2 > work", "2", ok=1)
    why = "failed: the agent committed files that `carry` copied in: config/local.one"
    assert told(project, "2")[-1].endswith(f"{why}; remove them from the commits")


def test_a_setup_that_fails_is_the_tasks_failure_and_is_run_again(project: Project) -> None:
    (project.desk.path / "gitcoord.toml").write_text(
        "[run]\nshell = true\nsetup = 'echo no network; test -e /nonexistent || test -e go'\n"
    )
    shell(project, "echo 1 > work", ok=1)
    assert told(project)[-1].endswith("failed: the setup ended with code 1: no network")
    (project.desk.path.with_name("desk.gitcoord") / "1" / "go").touch()
    shell(project, "echo 1 > work")


def test_nothing_is_carried_through_a_link_that_leads_out_of_the_checkout(
    project: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    project.remote.commit({"link.d": symlink(str(outside))}, "A link")
    (project.desk.path / "gitcoord.toml").write_text("[run]\ncarry = ['link.d/x']\n")
    said = shell(project, "echo 1 > work")
    assert "not copied, because a link there leads out of the checkout: link.d/x" in said
    assert list(outside.iterdir()) == []


def test_the_check_has_the_paths_that_the_branch_changes(project: Project) -> None:
    check = 'test "$(paste -sd: "$GITCOORD_CHANGED_FILE")" = "gone:new one:old:staged"'
    agent = "git rm -q gone; git commit -qm Gone; echo 2 > old; echo 1 > 'new one'; echo 1 > staged"
    (project.desk.path / "carried.local").write_text("1\n")
    settings = f"check = '''{check}'''\ncarry = ['*.local']\nsetup = 'echo 1 > made'\n"
    (project.desk.path / "gitcoord.toml").write_text(
        f"[run]\nshell = true\n{settings}[rules]\nscratch = ['*.tmp']\nhold-back = ['*.bak']\n"
    )
    # What will be in no commit is no change of the branch.
    shell(project, f"{agent}; echo 1 > a.bak; echo 1 > .env; echo 1 > a.tmp; git add -f staged .env")


def test_slots_are_the_lowest_free_numbers(tmp_path: Path) -> None:
    with held_slot(tmp_path, 3) as first:
        with held_slot(tmp_path, 3) as second, held_slot(tmp_path, None) as third:
            assert (first, second, third) == (0, 1, 2)
            # None is free, and nobody waits who is to stop.
            with held_slot(tmp_path, 3, given_up=lambda: True) as beyond:
                assert beyond == 3
        with held_slot(tmp_path, 3) as again:
            assert again == 1


def test_an_agent_has_a_slot(project: Project) -> None:
    shell(project, 'echo "$GITCOORD_SLOT" > work')
    assert project.remote.read(BRANCH, "work") == "0"
