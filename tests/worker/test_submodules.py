"""Submodules in workers' checkouts: filled, moved along by merges, and never lost with the checkout."""

from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.copies import copy_of
from tests.support.project import Project
from tests.support.repos import Content, Repo, submodule
from tests.support.tasklists import task
from tests.worker.test_worker import BRANCH

ALLOWED = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",
    "GIT_CONFIG_VALUE_0": "always",
}


@pytest.fixture
def project(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """`odd lib*` is a submodule, with another one inside it; the desk has the objects of both."""

    def make(place: Path) -> Project:
        inner, lib = Repo.create(place / "inner.git", bare=True), Repo.create(place / "lib.git", bare=True)
        first = inner.commit({"inner.txt": "inner\n"})
        nested = f'[submodule "in"]\n\tpath = in\n\turl = {inner.path}\n'
        old = lib.commit({".gitmodules": nested, "in": submodule(first), "lib.txt": "old\n"})
        lib.commit({"lib.txt": "new\n"})
        listed = '[submodule "lib"]\n\tpath = "odd lib*"\n\turl = ../lib.git\n'
        files: dict[str, Content] = {".gitmodules": listed, "odd lib*": submodule(old)}
        project = Project.create(place, [task(1), task(2)], files=files)
        allow = ("-c", "protocol.file.allow=always", "submodule", "--quiet")
        project.desk.git(*allow, "update", "--init", "--recursive")
        project.desk.git("config", "--remove-section", "submodule.lib")
        return project

    return copy_of("submodules", make, tmp_path / "project", tmp_path_factory)


def shell(project: Project, script: str, ok: int = 0, unit: str = "1", allowed: bool = True) -> str:
    command = ("worker", unit, "--shell", "--agent", script)
    return gitcoord(*command, cwd=project.desk.path, env=ALLOWED if allowed else {}, ok=ok).err


def test_submodules_are_there_with_the_objects_that_the_repository_has(project: Project) -> None:
    config = (project.desk.path / ".git/config").read_text()
    refused = shell(project, "true", ok=1, allowed=False)
    assert "The submodule odd lib* cannot be checked out in" in refused
    assert "transport 'file' not allowed" in refused
    look = 'cat "./odd lib*/lib.txt" "./odd lib*/in/inner.txt"; cd "./odd lib*"; '
    borrowed = 'cat "$(git rev-parse --git-path objects)/info/alternates" '
    said = shell(project, f"{look} {borrowed}; echo 1 > ../one.txt; {borrowed} > /dev/null")
    assert "old\ninner\n" in said
    assert str(project.desk.path / ".git/modules/lib/objects") in said
    assert (project.desk.path / ".git/config").read_text() == config
    assert not (project.desk.path.with_name("desk.gitcoord") / "1").exists()
    assert project.remote.git("ls-tree", BRANCH, "--", "odd lib*") == project.remote.git(
        "ls-tree", "main", "--", "odd lib*"
    )


def test_what_is_done_in_a_submodule_is_not_lost_and_what_others_did_is_not_taken_back(
    project: Project,
) -> None:
    enter = 'cd "./odd lib*"; '
    assert "not committed in it" in shell(project, f"{enter} echo mine > lib.txt", ok=1)
    said = shell(project, f"{enter} git commit -qam Mine", ok=1)
    assert "the submodule odd lib* has commits that were not pushed" in said
    shell(project, f"{enter} git push -q origin HEAD:refs/heads/mine")
    mine = Repo(project.desk.path.parent / "lib.git").tip("mine")
    assert mine in project.remote.git("ls-tree", BRANCH, "--", "odd lib*")
    # The base moves it while the other one is at work, and conflicts elsewhere: the merge takes it along.
    lib = Repo(project.desk.path.parent / "lib.git").tip("main")
    moves: dict[str, Content] = {"odd lib*": submodule(lib), "src/main.rs": "theirs\n"}
    shell(project, "echo mine > src/main.rs; exit 1", ok=1, unit="2")
    project.remote.commit(moves)
    settle = 'if [ -n "$GITCOORD_REWORK" ]; then cat "./odd lib*/lib.txt"; echo both > src/main.rs; fi'
    assert "new\n" in shell(project, settle, unit="2")
    assert lib in project.remote.git("ls-tree", "feature/level-0-task-2", "--", "odd lib*")
