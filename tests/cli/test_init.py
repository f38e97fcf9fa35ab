"""`gitcoord init`: settings from what a repository tells."""

import json
import os
import shlex
import subprocess
import tomllib
from pathlib import Path

from tests.support.cli import gitcoord
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks


def test_what_a_repository_tells_becomes_settings_that_hold(tmp_path: Path) -> None:
    _, desk = Repo.pair(tmp_path)
    for name, content in {
        "Makefile": "TEST := 1\ntest:\n\techo\n",
        "package.json": json.dumps({"scripts": {"test": "jest"}}),
        "pnpm-lock.yaml": "",
        "Cargo.toml": "",
        "mvnw": "",
        "pom.xml": "",
        "justfile": "check *words: build\n  true\n",
        "uv.lock": "",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
    }.items():
        (desk.path / name).write_text(content)
    write_tasks(desk.path, [task(1)])
    agent = tmp_path / "bin" / "codex"
    agent.parent.mkdir()
    agent.write_text("#!/bin/sh\n")
    agent.chmod(0o755)
    env = {"PATH": f"{agent.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    shown = gitcoord("init", "--dry-run", cwd=desk.path, env=env, ok=0)
    assert not (desk.path / "gitcoord.toml").exists()
    ran = gitcoord("init", cwd=desk.path, env=env, ok=0)
    text = (desk.path / "gitcoord.toml").read_text()
    assert shown.out == text
    settings = tomllib.loads(text)
    assert (settings["base"], settings["remote"]) == ("main", "origin")
    assert settings["landing"] == {"check": "make test"}
    assert settings["run"] == {"agent": "codex"}
    assert [line for line in text.splitlines() if line.startswith(("# check", "# setup"))] == [
        '# setup = "pnpm install --frozen-lockfile"    # from pnpm-lock.yaml: in each new checkout',
        '# setup = "uv sync"    # from uv.lock: in each new checkout',
        '# check = "just check"    # from justfile',
        '# check = "pnpm test"    # from package.json',
        '# check = "cargo test"    # from Cargo.toml',
        '# check = "./mvnw --quiet test"    # from mvnw',
        '# check = "uv run pytest -q"    # from pyproject.toml',
    ]
    told = gitcoord("config", "--json", cwd=desk.path, ok=0).json["settings"]
    assert told["landing.check"]["value"] == "make test"
    assert [line.split("  #")[0].strip() for line in ran.out.removeprefix(text).splitlines()] == [
        "git add gitcoord.toml && git commit -m 'Set up gitcoord' && git push",
        *("gitcoord plan", "gitcoord doctor", "gitcoord run --land --dry-run"),
    ]
    # A remote that is out of reach keeps nobody from having settings.
    (tmp_path / "origin.git").rename(tmp_path / "away.git")
    lost = gitcoord("init", "--dry-run", cwd=desk.path, env=env, ok=0)
    assert ("The settings are based on this clone." in lost.err, lost.out) == (True, text)
    again = gitcoord("init", cwd=desk.path, ok=2)
    assert "gitcoord.toml already has settings" in again.err
    assert (desk.path / "gitcoord.toml").read_text() == text


def test_where_nothing_is_found_all_is_a_comment_and_no_next_command_needs_a_list(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"package.json": json.dumps({"scripts": {"test": 'echo "Error: no test specified"'}})})
    told = gitcoord("init", "--json", cwd=repo.path, env={"PATH": "/usr/bin:/bin"}, ok=0).json
    assert tomllib.loads(told["text"]) == {"base": "main", "run": {}, "landing": {}}
    assert told["found"]["checks"] == []
    assert "gitcoord help planning" in told["next"]  # how to write a task list
    assert told["next"][-1] == "gitcoord land --branches 'agent/*' --dry-run"
    assert Path(told["written"]).read_text() == told["text"]
    # A comment with a setting shows what holds without it.
    held = gitcoord("config", "--json", cwd=repo.path, ok=0).json["settings"]
    for key in ("strategy", "method"):
        assert f'\n# {key} = "{held[key]["value"]}"    # ' in told["text"]


def test_each_command_that_init_names_works_as_it_is_written(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"Makefile": "test:\n\ttrue\n"})
    write_tasks(repo.path, [task(1), task(2)])
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "List the tasks")
    env = {"PATH": "/usr/bin:/bin"}
    first, *others = gitcoord("init", "--json", cwd=repo.path, env=env, ok=0).json["next"]
    # Who plans and works first is not held up by the file.
    gitcoord("plan", cwd=repo.path, ok=0)
    gitcoord("checkout", "1", cwd=repo.path, ok=0)
    (repo.path / "1.txt").write_text("1\n")
    repo.git("add", "1.txt")
    repo.git("commit", "--quiet", "-m", "One")
    gitcoord("submit", cwd=repo.path, ok=0)
    repo.git("switch", "--quiet", "main")
    subprocess.run(["/bin/sh", "-c", first], cwd=repo.path, check=True, capture_output=True)
    assert "gitcoord.toml" in repo.git("ls-tree", "--name-only", "main")
    for command in others:
        words = shlex.split(command.replace("COMMAND", "true"))
        gitcoord(*words[1:], cwd=repo.path, ok=0)
    # A change to settings that are in git is somebody's work.
    gitcoord("checkout", "2", cwd=repo.path, ok=0)
    (repo.path / "2.txt").write_text("2\n")
    repo.git("add", "2.txt")
    repo.git("commit", "--quiet", "-m", "Two")
    (repo.path / "gitcoord.toml").write_text("[run]\n")
    assert "has uncommitted changes: gitcoord.toml" in gitcoord("submit", cwd=repo.path, ok=1).err
