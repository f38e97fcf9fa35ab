"""What changes outside of a checkout while its agent runs: named, and blamed on the agent only with proof."""

from pathlib import Path

import pytest

from tests.support.agents import ScriptAgent
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import begin, told, work
from tests.worker.test_worker_kept import shell


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A user who is in the middle of things, beside a second worktree of theirs and a kept checkout."""
    project = Project.create(tmp_path / "project", [task(1), task(2)], files={"a": "1\n", "b": "1\n"})
    desk = project.desk
    desk.commit({"mine.txt": "1\n"}, branch="mine", at="main")
    desk.git("tag", "v1")
    (desk.path / ".gitignore").write_text(".env\n")
    (desk.path / ".env").write_text("1\n")
    (desk.path / "a").write_text("stashed\n")
    desk.git("stash", "push", "--quiet", "a")
    (desk.path / "a").write_text("the user's\n")
    (desk.path / "new").write_text("the user's\n")
    desk.git("worktree", "add", "--quiet", str(tmp_path / "second"), "mine")
    return project


def outside(project: Project) -> list[tuple[str, str, bool]]:
    """Kind, name and proof of all that the report names."""
    report = project.run("report", "--json", ok=0).json
    assert report["outside_more"] == 0
    assert all(one["units"] == ["1"] for one in report["outside"])
    changes = [one["change"] for one in report["outside"]]
    return sorted((one["kind"], one["name"], one.get("by_agent", False)) for one in changes)


def test_nothing_is_said_where_an_agent_stays_in_its_checkout(project: Project) -> None:
    own = "git switch -qc other; git tag mine; echo 2 > b; git stash -q; git stash list; git stash pop -q"
    looks = f"git -C {project.desk.path} log -1; git -C {project.desk.path} status"
    looks += "; git worktree add -q --detach $PWD.mine; git -C $PWD.mine reset -q --hard HEAD~0"
    looks += "; git worktree remove --force $PWD.mine"
    said = shell(project, f"echo 1 > x; {own}; {looks}; echo 2 > x")
    assert outside(project) == []
    assert "outside of its checkout" not in said


@pytest.mark.parametrize("generation", [1, 2])
def test_what_another_agent_does_in_its_own_checkout_is_no_change_outside(
    tmp_path: Path, generation: int
) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2)])
    agent, signals = (
        ScriptAgent(tmp_path / "agent"),
        [str(tmp_path / name) for name in ("go", "wrote", "end")],
    )
    go, wrote, end = signals
    shell(project, "echo half > half; exit 1", ok=1)
    if generation == 2:
        project.run("plan", "--new-list", ok=0)
    agent.does("2", {"await": go}, {"write": {"own": "2\n"}}, {"touch": wrote}, {"await": end})
    agent.does("1", {"touch": go}, {"await": wrote}, {"write": {"own": "1\n"}})
    beside = begin(project, agent, "2")
    work(project, agent, "1", ok=0)
    Path(end).touch()
    assert beside.wait() == 0
    assert outside(project) == []


def test_a_checkout_in_which_an_attempt_is_just_beginning_belongs_to_that(project: Project) -> None:
    shell(project, "echo half > half; exit 1", "2", ok=1)
    (project.desk.path / ".git/gitcoord/run/2-2").mkdir()  # its worker is not written down yet
    shell(project, f"echo more >> {project.desk.path.parent}/desk.gitcoord/2/half; echo 1 > x")
    assert outside(project) == []


def test_files_that_somebody_changes_are_named_and_nobody_is_blamed(project: Project, tmp_path: Path) -> None:
    desk = project.desk.path
    for unit in ("1", "2"):  # the checkout of the second is kept, and nobody is at work there
        shell(project, "echo half > half; exit 1", unit, ok=1)
    deeds = (
        f"echo x >> {desk}/a; rm {desk}/new; printf x > {desk}/m$(printf '\\351'); rm {desk}/b",
        f"echo x >> {desk}/.env",
        f"echo x >> {tmp_path}/second/mine.txt; echo x >> {tmp_path}/project/desk.gitcoord/2/half",
        f"echo x > {desk}/.git/hooks/pre-commit; echo x >> {desk}/.git/info/exclude",
        f"env -u GIT_TRACE2_EVENT git -C {desk} update-ref refs/heads/mine main",
        f"env -u GIT_TRACE2_EVENT git -C {desk} switch -qc elsewhere",
    )
    said = shell(project, "; ".join(deeds))
    files = [("file", name, False) for name in (".env", "a", "b", "half", "mine.txt", "m\ufffd", "new")]
    assert outside(project) == [
        ("branch", "mine", False),
        ("checked-out", "main -> elsewhere", False),
        *files,
        ("hook", "hooks/pre-commit", False),
        ("hook", "info/exclude", False),
    ]
    assert "changed outside of its checkout by an unknown process while the attempt ran: " in said
    assert "outside" not in told(project, "1")[-1]


def test_what_an_agents_git_does_elsewhere_is_proved_by_gits_trace(project: Project, tmp_path: Path) -> None:
    desk = project.desk.path
    deeds = (
        f"git -C {desk} checkout -q -- a; cd {tmp_path}/second; git commit -q --allow-empty -m x; cd {desk}",
        "git tag -f v1 mine; git stash drop -q; git push -q origin mine mine:feature/level-0-task-2",
        "git config user.name Agent",
    )
    shell(project, f"echo 1 > x; {'; '.join(deeds)}")
    proved = [
        ("branch", "mine", True),
        ("command", "checkout", True),
        ("command", "commit", True),
        ("configuration", "user.name", True),
        ("file", "a", False),
        ("pushed", "origin/feature/level-0-task-2", True),
        ("pushed", "origin/mine", True),
        ("stash", "On main: a", True),
        ("tag", "v1", True),
    ]
    found = outside(project)
    assert [one for one in found if one[0] != "stash"] == [one for one in proved if one[0] != "stash"]
    assert [(kind, proof) for kind, _, proof in found if kind == "stash"] == [("stash", True)]
    assert "its git changed outside of its checkout" in told(project, "1")[-1]


@pytest.mark.parametrize("push", ["mine", "+mine:own", "--all"])
def test_what_others_push_while_an_agent_pushes_is_not_blamed_on_it(project: Project, push: str) -> None:
    theirs = f"env -u GIT_TRACE2_EVENT git -C {project.desk.path} push -q origin mine:theirs"
    shell(project, f"echo 1 > x; {theirs}; sleep 3; git push -q origin {push}")
    pushed = {name for kind, name, _ in outside(project) if kind == "pushed"}
    assert pushed >= {"origin/own" if "own" in push else "origin/mine"}
    assert "origin/theirs" not in pushed


def test_replaced_objects_are_named(project: Project) -> None:
    shell(project, "echo 1 > x; git add x; git commit -qm x; git replace --graft HEAD")
    assert any(kind == "hook" and name.startswith("refs/replace/") for kind, name, _ in outside(project))


def test_a_killed_attempts_traces_are_found_too(project: Project) -> None:
    desk = project.desk.path
    shell(project, f"echo x >> {desk}/a; git -C {desk} tag -f v1 mine; kill -9 $PPID; sleep 1", ok=-9)
    shell(project, "echo 1 > x")
    assert outside(project) == [("file", "a", False), ("tag", "v1", False)]  # the trace was the worker's


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_a_run_names_at_its_end_what_changed_while_its_agents_ran(tmp_path: Path, where: str) -> None:
    project = Project.create(tmp_path / "project", [task(1), task(2)], files={"a": "1\n"})
    desk = project.desk.path
    if where == "inside":
        (desk / "gitcoord.toml").write_text("[run]\nworktrees = 'trees'\n")
    deed = f"echo x >> {desk}/a; git -C {desk} checkout -q a"
    agent = f"if [ $GITCOORD_TASK_ID = 1 ]; then {deed}; fi; echo 1 > x$GITCOORD_TASK_ID"
    ended = project.run("run", "--shell", "--agent", agent, "--land", "--yes", ok=0)
    proved = f"whatever `git checkout` changes in {desk}: by the git of task 1"
    assert f"Changed outside the agents' checkouts: {proved}" in " ".join(ended.out.split())
    assert proved in " ".join(project.run("report", ok=0).out.split())
    again = project.run("run", "--shell", "--agent", agent, "--land", "--yes", "--json", ok=0).json
    assert (again["outside"], again["outside_more"]) == ([], 0)
    seen = project.run("report", "--json", ok=0).json["outside"]
    assert [(one["change"]["kind"], one["units"]) for one in seen] == [("command", ["1"])]
