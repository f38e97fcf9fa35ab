"""`gitcoord config`, `-C`, `-v` and `GITCOORD_LOG`: what holds, where, and what was asked."""

import json
import os
from pathlib import Path

from tests.support.cli import gitcoord
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.github.fixtures import app, content, hub
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


def test_each_setting_is_shown_with_its_value_and_where_it_is_from(tmp_path: Path) -> None:
    desk = Project.create(tmp_path / "project", independent("1")).desk.path
    (desk / ".gitcoord.toml").write_text('max-parallel = 3\n[run]\ntimeout = "1h"\n')
    told = gitcoord("config", "--json", cwd=desk, env={"GITCOORD_STATE_PREFIX": "refs/x/"}, ok=0).json
    assert told["file"] == str(desk / ".gitcoord.toml")
    settings = told["settings"]
    assert settings["max-parallel"] == {"value": 3, "source": "file"}
    assert settings["run.timeout"] == {"value": "1h", "source": "file"}
    assert settings["run.grace"] == {"value": 5.0, "source": "default"}
    assert settings["base"] == {"value": "main", "source": "repository"}
    assert settings["state-prefix"] == {"value": "refs/x/", "source": "GITCOORD_STATE_PREFIX"}
    shown = gitcoord("config", cwd=desk, ok=0).out
    # The longest value widens its own line only.
    assert {len(line) < 80 for line in shown.splitlines() if line.startswith("run.timeout")} == {True}
    assert [line.split() for line in shown.splitlines() if line.startswith("run.timeout")] == [
        ["run.timeout", ".gitcoord.toml", '"1h"']
    ]


def test_a_table_that_is_not_read_is_named(tmp_path: Path) -> None:
    desk = Repo.pair(tmp_path)[1].path
    (desk / "pyproject.toml").write_text("[tool.gitcoord]\nmax-parallel = 7\n")
    assert gitcoord("config", cwd=desk, ok=0).err == ""
    (desk / "gitcoord.toml").write_text("max-parallel = 2\n")
    assert "[tool.gitcoord] in pyproject.toml is ignored" in gitcoord("config", cwd=desk, ok=0).err


def test_outside_a_repository_the_defaults_are_shown_and_the_schema_everywhere(tmp_path: Path) -> None:
    assert gitcoord("config", "--json", cwd=tmp_path, ok=0).json["file"] is None
    assert (
        "properties"
        in json.loads(gitcoord("config", "--schema", cwd=tmp_path, ok=0).out)["$defs"]["Settings"]
    )


def test_what_is_wrong_is_named_by_config_too(tmp_path: Path) -> None:
    desk = Repo.pair(tmp_path)[1].path
    (desk / "gitcoord.toml").write_text("max-paralel = 3\n")
    ran = gitcoord("config", cwd=desk)
    assert (ran.code, "Did you mean `max-parallel`?" in ran.err) == (2, True)


def test_a_command_runs_elsewhere_with_dash_c(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    elsewhere = gitcoord("-C", str(tmp_path), "-C", "project/desk", "status", "--json", cwd=Path("/"), ok=0)
    assert elsewhere.json["tasks"].keys() == project.run("status", "--json", ok=0).json["tasks"].keys()
    ran = gitcoord("-C", "nowhere", "status", cwd=tmp_path)
    assert (ran.code, "-C nowhere: No such file or directory." in ran.err) == (2, True)


def test_what_git_was_asked_is_told_without_secrets(tmp_path: Path) -> None:
    secret = "ghp_" + "s3cr3t" * 6
    desk = Repo.pair(tmp_path)[1]
    desk.git("remote", "add", "hidden", f"https://me:{secret}@127.0.0.1:1/x.git")
    (desk.path / "gitcoord.toml").write_text('remote = "hidden"\n')
    log = tmp_path / "asked.log"
    env = {"GITCOORD_LOG": str(log), "GH_TOKEN": secret}
    ran = gitcoord("-v", "log", cwd=desk.path, env=env)
    assert ran.code == 3
    for told in (ran.err, log.read_text(encoding="utf-8")):
        assert "git fetch --quiet" in told
        assert "git ls-remote --quiet -- hidden -> 128 " in told
        assert secret not in told
    assert gitcoord("log", cwd=desk.path, env={"GITCOORD_LOG": "/nowhere/x"}).code == 2


def test_workers_append_to_the_same_log(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", independent("1"))
    agent = ("--agent", "true", "--allow-empty", "--shell")
    project.run("run", "--yes", *agent, env={"GITCOORD_LOG": "../asked.log"}, ok=0)
    told = (project.desk.path.parent / "asked.log").read_text(encoding="utf-8").splitlines()
    assert len({line.split()[1] for line in told}) > 1


def test_what_github_was_asked_is_told_without_secrets(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, tmp_path: Path
) -> None:
    desk = content.clone(tmp_path / "desk")
    desk.git("remote", "set-url", "origin", app.clone_url)
    ran = gitcoord("-v", "doctor", cwd=desk.path, env={**os.environ, **hub.environment()})
    asked = [line for line in ran.err.splitlines() if " GET /" in line]
    assert any("GET /repos/acme/app -> 200, " in line for line in asked), ran.err
    for token in hub.tokens:
        assert token not in ran.err
