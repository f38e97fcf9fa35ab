"""A proxy that quotes what it was sent: its words reach every exit, and no secret does."""

import base64
from pathlib import Path

import pytest

from tests.git.world import hook
from tests.landing.scenes import independent_on_github
from tests.support.agents import ScriptAgent
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project

__all__ = ["hub"]
SECRETS = ("ghp_" + "s3cret0" * 5, "hunter2", base64.b64encode(b"x-access-token:pa55word").decode())
QUOTED = f"the proxy refused {SECRETS[0]} at https://bot:{SECRETS[1]}@ci.example/ (Basic {SECRETS[2]})"
WORDS = "the proxy refused ***"


@pytest.fixture
def project(hub: GitHubEmulator, tmp_path: Path) -> Project:
    return independent_on_github(tmp_path / "project", hub, "1", "2")


def hidden(*texts: str) -> None:
    for text in texts:
        assert [secret for secret in SECRETS if secret in text] == []


def everything_kept(project: Project) -> str:
    """All that the journal, the clone's state and its logs hold."""
    journal = project.remote.git("log", "--all", "--format=%B")
    place = Path(project.desk.git("rev-parse", "--absolute-git-dir")) / "gitcoord"
    files = [path.read_text(errors="replace") for path in place.rglob("*") if path.is_file()]
    return "\n".join([journal, *files])


@pytest.mark.parametrize(
    ("request_", "status"), [(r"POST .*/pulls$", 422), (r"PUT .*/merge$", 405), (r"PUT .*/merge$", 403)]
)
def test_landing_quotes_a_refusal_without_the_secrets_in_it(
    hub: GitHubEmulator, project: Project, request_: str, status: int
) -> None:
    hub.fault(request_, "status", status=status, body={"message": QUOTED, "errors": [QUOTED]}, times=99)
    for command in (("merge-level",), ("merge-level", "--json"), ("-v", "merge-level")):
        ran = project.run(*command)
        assert ran.code != 0
        assert WORDS in " ".join((ran.out + ran.err).split())
        hidden(ran.out, ran.err)
    hidden(everything_kept(project))


def test_a_run_quotes_it_in_its_log_table_and_document(
    hub: GitHubEmulator, project: Project, tmp_path: Path
) -> None:
    hub.fault(r"POST .*/pulls$", "status", status=422, body={"message": QUOTED}, times=99)
    agent = ScriptAgent(tmp_path / "agent")
    trace = tmp_path / "asked.log"
    project.env["GITCOORD_LOG"] = str(trace)
    command = ("run", "--agent", agent.command, "--land", "--yes")
    for ran in (project.run(*command), project.run(*command, "--json")):
        assert WORDS in ran.out
        assert WORDS in ran.err
        hidden(ran.out, ran.err)
    assert "POST" in trace.read_text()
    hidden(trace.read_text(), everything_kept(project))


def test_git_and_hooks_quote_it_in_errors_and_in_the_journal(project: Project, tmp_path: Path) -> None:
    hook(project.remote, "update", f"case $1 in *task-1) echo '{QUOTED}' >&2; exit 1;; esac")
    project.remote.git("update-ref", "-d", "refs/heads/feature/level-0-task-1")
    agent = ScriptAgent(tmp_path / "agent")
    project.run("retry", "1")
    worked = project.run("worker", "1", "--agent", agent.command, "--json")
    assert WORDS in worked.out
    shown = [project.run(*command) for command in (("log",), ("log", "--json"), ("status",), ("logs", "1"))]
    hidden(*(one.out + one.err for one in (worked, *shown)), everything_kept(project))
    assert WORDS in shown[0].out
    page = tmp_path / "report.html"
    reports = [
        project.run("report"),
        project.run("report", "--json"),
        project.run("report", "--html", str(page)),
    ]
    hidden(*(one.out + one.err for one in reports), page.read_text())


def test_what_a_person_types_is_kept_and_shown_without_its_secrets(project: Project) -> None:
    project.run("pause", "--reason", QUOTED)
    shown = [project.run(*command) for command in (("log",), ("log", "--json"), ("status", "--json"))]
    hidden(*(one.out + one.err for one in shown), everything_kept(project))
