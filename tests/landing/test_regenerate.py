"""Files that landing makes anew by a command in place of merging them: right on every commit of the base."""

import subprocess
from pathlib import Path

import pytest

from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]
TOOL = (
    "test ! -e broken || { echo cannot resolve; exit 1; }\n"
    "{ cat deps/* | cksum; cat deps/* | sort; } > deps.lock.new && mv deps.lock.new deps.lock\n"
    "date > noise.txt\n"
)
CHECK = "cp deps.lock was && sh lock.sh && cmp was deps.lock"
FILES = {"lock.sh": TOOL, "deps/base": "base\n", "deps.lock": "4124242 5\nbase\n"}


def locked(deps: dict[str, str]) -> str:
    """What the tool makes of `deps`."""
    text = "".join(deps[name] for name in sorted(deps))
    told = subprocess.run(["cksum"], input=text.encode(), capture_output=True, check=True).stdout.decode()
    return told + "".join(sorted(line + "\n" for line in text.split()))


def locked_project(
    directory: Path,
    strategy: str,
    app: GitHubEmulator | None = None,
    tasks: tuple[str, ...] = ("1", "2", "3"),
) -> Project:
    """Tasks that each add a dependency, with a lock file that only knows their own."""
    there = app.make_repository("acme/app") if app else None
    first = {"base": "base\n"}
    project = Project.create(
        directory,
        independent(*tasks),
        strategy=strategy,
        files={**FILES, "deps.lock": locked(first)},
        remote=Repo(there.git_dir) if there else None,
        url=there.authenticated_url if there else None,
        env=app.environment() if app else None,
    )
    (project.desk.path / "gitcoord.toml").write_text('[rules.regenerate]\n"deps.lock" = "sh lock.sh"\n')
    for id in tasks:
        own = {f"lib{id}": f"lib{id}\n"}
        files = {f"deps/{name}": text for name, text in own.items()}
        project.work(id, {**files, "deps.lock": locked(first | own)})
    return project


def wrong_locks(project: Project) -> list[str]:
    """The commits of the base's own line whose lock file is not what the tool makes."""
    clone = project.remote.clone(project.desk.path.parent / "judge")
    wrong = []
    for commit in clone.git("rev-list", "--first-parent", "origin/main").split():
        clone.git("checkout", "--quiet", "--force", "--detach", commit)
        deps = {file.name: file.read_text() for file in (clone.path / "deps").iterdir()}
        if (clone.path / "deps.lock").read_text() != locked(deps) or (clone.path / "noise.txt").exists():
            wrong.append(commit)
    return wrong


@pytest.mark.parametrize(
    ("strategy", "check"),
    [("single-pr", ()), ("multi-pr", ("--check", CHECK, "--shell", "--slots", "2"))],
    ids=["single-pr", "multi-pr-with-check"],
)
def test_no_commit_of_the_base_has_a_wrong_lock_file(
    strategy: str, check: tuple[str, ...], tmp_path: Path
) -> None:
    project = locked_project(tmp_path, strategy)
    pairs = project.run("check-conflicts", "--json", ok=0).json["pairs"]
    assert {(pair["verdict"], *pair["regenerated"]) for pair in pairs} == {("clean", "deps.lock")}
    ran = project.run("merge-level", "level-0", "--json", *check)
    assert [one["task"] for one in ran.json["landed"]] == ["1", "2", "3"], ran.err
    assert wrong_locks(project) == []
    assert (project.desk.path / "deps.lock").read_text() == locked({"base": "base\n"})


def test_on_github_too(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = locked_project(tmp_path, "multi-pr", hub, ("1", "2"))
    ran = project.run("merge-level", "level-0", "--json", "--method", "squash")
    assert [one["task"] for one in ran.json["landed"]] == ["1", "2"], ran.err
    assert wrong_locks(project) == []


def test_what_cannot_be_made_is_held_and_a_pin_of_its_own_comes_after(tmp_path: Path) -> None:
    project = locked_project(tmp_path, "multi-pr")
    project.work("2", {"broken": ""}, at="feature/level-0-task-2")
    # All that it wants is in the lock file: made anew from another one that would be gone without a word.
    project.remote.git("branch", "--quiet", "-D", "feature/level-0-task-3")
    project.work("3", {"deps.lock": locked({"base": "base\n"}) + "pinned\n"})
    found = project.run("check-conflicts", "--json").json
    assert [pair["tasks"] for pair in found["pairs"] if pair["clash"]] == [["1", "3"], ["2", "3"]]
    ran = project.run("merge-level", "level-0", "--json")
    assert [one["task"] for one in ran.json["landed"]] == ["1"], ran.err
    assert [one["task"] for one in ran.json["deferred"]] == ["3"]
    (held,) = ran.json["waiting"]
    assert (
        "deps.lock cannot be made anew by `sh lock.sh`: it ended with code 1: cannot resolve"
        in held["reason"]
    )
    project.run("rollback", "level-0", ok=0)
    assert wrong_locks(project) == []
