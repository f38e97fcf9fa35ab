"""`gitcoord doctor` against set-ups that work and that do not: each named, with its way out."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from gitcoord.cli.main import main
from tests.support.github import EmulatedRepository, GitHubEmulator, Protection
from tests.support.github.fixtures import app, content, hub
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


class Clinic:
    """A clone of acme/app, and what the doctor says about it."""

    def __init__(
        self,
        hub: GitHubEmulator,
        desk: Repo,
        patch: pytest.MonkeyPatch,
        capture: pytest.CaptureFixture[str],
    ) -> None:
        self.hub = hub
        self.desk = desk
        self._patch = patch
        self._capture = capture
        self.set(**hub.environment())

    def set(self, **variables: str) -> None:
        """Sets variables of the environment; an empty one is taken away."""
        for name, value in variables.items():
            if value:
                self._patch.setenv(name, value)
            else:
                self._patch.delenv(name, raising=False)

    def examine(self, *arguments: str, code: int) -> dict[str, Any]:
        """The findings by name; what is not fine has its way out."""
        document = json.loads(self.told("--json", *arguments, code=code))
        assert document["schema"] == "gitcoord.doctor/1"
        assert document["works"] is (code == 0)
        for finding in document["findings"]:
            assert finding["verdict"] == "ok" or finding["hint"], finding
        return {finding["name"]: finding for finding in document["findings"]}

    def told(self, *arguments: str, code: int) -> str:
        """What stands on stdout; a token is nowhere."""
        self._patch.chdir(self.desk.path)
        ended = main(["doctor", *arguments])
        captured = self._capture.readouterr()
        assert ended == code, captured
        for token in self.hub.tokens:
            assert token not in captured.out + captured.err
        return captured.out

    def complaint(self, name: str, *arguments: str) -> str:
        """What is said about the one thing that fails, with its way out."""
        findings = self.examine(*arguments, code=1)
        failed = [key for key, finding in findings.items() if finding["verdict"] == "failed"]
        assert failed == [name]
        return f"{findings[name]['message']} {findings[name]['hint']}"


@pytest.fixture
def clinic(
    hub: GitHubEmulator,
    app: EmulatedRepository,
    content: Repo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Clinic:
    desk = content.clone(tmp_path / "desk")
    desk.git("remote", "set-url", "origin", app.clone_url)
    return Clinic(hub, desk, monkeypatch, capsys)


def test_a_set_up_that_works_is_left_as_it_was(
    clinic: Clinic, content: Repo, app: EmulatedRepository
) -> None:
    app.protect("main", Protection.requiring("ci", approvals=2, strict=True))
    before = content.refs()
    findings = clinic.examine(code=0)
    assert {finding["verdict"] for finding in findings.values()} == {"ok"}
    assert findings["protection"]["message"] == "main demands the check ci, 2 approvals, up-to-date branches."
    assert "a classic token" in findings["token"]["message"]
    assert content.refs() == before
    assert not app.pulls


def test_without_github_only_git_is_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hub: GitHubEmulator
) -> None:
    _, work = Repo.pair(tmp_path / "plain")
    findings = Clinic(hub, work, monkeypatch, capsys).examine(code=0)
    assert "local forge" in findings["forge"]["message"]
    assert not hub.log


def use_github(clinic: Clinic, content: Repo) -> None:
    """Lets git go past GitHub, so that only its API is asked for a token."""
    (clinic.desk.path / "gitcoord.toml").write_text('forge = "github"\n')
    clinic.desk.git("remote", "set-url", "origin", content.path.as_uri())


def test_no_token(clinic: Clinic, content: Repo) -> None:
    use_github(clinic, content)
    clinic.set(GITHUB_TOKEN="")
    assert "GITHUB_TOKEN" in clinic.complaint("token", "--repository", "acme/app")


def test_a_token_that_has_expired(clinic: Clinic, hub: GitHubEmulator, content: Repo) -> None:
    use_github(clinic, content)
    hub.tokens[hub.token].revoked = True
    said = clinic.complaint("token", "--repository", "acme/app")
    assert "GitHub does not accept the token: Bad credentials." in said
    assert "GITHUB_TOKEN" in said


def test_a_token_that_may_not_open_pull_requests(clinic: Clinic, hub: GitHubEmulator) -> None:
    token = hub.make_token("fine-grained", contents="write", checks="read", statuses="read")
    clinic.set(GITHUB_TOKEN=token.text)
    assert "pull requests: write" in clinic.complaint("permission pull requests")


def test_a_token_that_may_not_write_contents(clinic: Clinic, hub: GitHubEmulator) -> None:
    token = hub.make_token("fine-grained", contents="read", pull_requests="write")
    clinic.set(GITHUB_TOKEN=token.text)
    findings = clinic.examine(code=1)
    assert findings["state"]["verdict"] == findings["permission contents"]["verdict"] == "failed"
    assert "contents: write" in findings["permission contents"]["hint"]
    assert "checks: read" in findings["permission checks"]["hint"]


def test_a_token_that_may_not_set_the_status_of_the_settings(clinic: Clinic, hub: GitHubEmulator) -> None:
    assert "permission commit statuses" not in clinic.examine(code=0)
    (clinic.desk.path / "gitcoord.toml").write_text('[landing]\nstatus = "gitcoord/combined"\n')
    found = {}
    for level in ("read", "write"):
        token = hub.make_token(
            "fine-grained", contents="write", pull_requests="write", checks="read", statuses=level
        )
        clinic.set(GITHUB_TOKEN=token.text)
        found[level] = clinic.examine(code=0)["permission commit statuses"]
    assert found["write"]["verdict"] == "ok"
    assert found["read"]["verdict"] == "warning"
    assert "so that gitcoord/combined ([landing] status) is not set on any head" in found["read"]["message"]
    assert "statuses: write" in found["read"]["hint"]
    assert not hub.repository("acme/app").statuses


@pytest.mark.parametrize("demanded", [False, True])
def test_a_token_that_may_not_read_checks_matters_where_some_are_demanded(
    clinic: Clinic, hub: GitHubEmulator, app: EmulatedRepository, demanded: bool
) -> None:
    if demanded:
        app.protect("main", Protection.requiring("ci", form="ruleset"))
    clinic.set(GITHUB_TOKEN=hub.make_token("fine-grained", contents="write", pull_requests="write").text)
    finding = clinic.examine(code=int(demanded))["permission checks"]
    assert finding["verdict"] == ("failed" if demanded else "warning")
    assert "checks: read" in finding["hint"]


@pytest.mark.parametrize(
    ("pushers", "form", "verdict", "said"),
    [
        (("hubot",), "classic", "failed", "Only hubot may push to main, also by merging, and mona is not"),
        (("hubot", "mona"), "classic", "ok", "main is restricted, and mona may push to it."),
        ((), "ruleset", "warning", "Only those who may bypass its rules may push to main"),
    ],
)
def test_a_base_that_only_some_may_move(
    clinic: Clinic, app: EmulatedRepository, pushers: tuple[str, ...], form: str, verdict: str, said: str
) -> None:
    app.protect("main", Protection(restricts_pushes=True, pushers=pushers, form=form))  # type: ignore[arg-type]
    finding = clinic.examine(code=int(verdict == "failed"))["push restriction"]
    assert finding["verdict"] == verdict
    assert finding["message"].startswith(said)


def test_settings_that_cannot_be_read(clinic: Clinic) -> None:
    (clinic.desk.path / "gitcoord.toml").write_text('method = "octopus"\n')
    assert "one of merge, rebase, squash" in clinic.complaint("settings")


def test_a_repository_that_the_token_does_not_see(clinic: Clinic, hub: GitHubEmulator) -> None:
    hub.tokens[hub.token].scopes = ("gist",)
    assert "without the scope `repo`" in clinic.complaint("repository")


def test_a_merge_method_that_is_not_allowed(clinic: Clinic, app: EmulatedRepository) -> None:
    app.settings.allow_merge_commit = False
    assert "`squash` or `rebase`" in clinic.complaint("merge method")


def test_a_merge_queue(clinic: Clinic, app: EmulatedRepository) -> None:
    app.protect("main", Protection(merge_queue=True, form="ruleset"))
    found = clinic.examine(code=0)["merge queue"]
    assert (found["verdict"], "`merge-level --wait`" in found["hint"]) == ("warning", True)


@pytest.mark.parametrize("form", ["classic", "ruleset"])
def test_a_linear_history(clinic: Clinic, app: EmulatedRepository, form: str) -> None:
    app.protect("main", Protection(linear_history=True, form=form))  # type: ignore[arg-type]
    assert "`squash` or `rebase`" in clinic.complaint("linear history")


def test_a_person_reads_what_a_program_does(clinic: Clinic, app: EmulatedRepository) -> None:
    clinic.hub.limit.enabled = False
    app.settings.allow_merge_commit = False
    shown = clinic.told(code=1)
    findings = clinic.examine(code=1)
    marks = {"ok": "ok     ", "failed": "FAILED "}
    lines = [f"{marks[one['verdict']]}  {name}: {one['message']}" for name, one in findings.items()]
    place = list(findings).index("merge method") + 1
    lines.insert(place, f"         {findings['merge method']['hint']}")
    assert shown.splitlines() == [*lines, "Landing would fail."]


def test_an_archived_repository(clinic: Clinic, app: EmulatedRepository) -> None:
    app.settings.archived = True
    assert "Unarchive it" in clinic.complaint("repository")


def test_a_renamed_repository_works_and_is_named(clinic: Clinic, hub: GitHubEmulator) -> None:
    hub.rename("acme/app", "acme/renamed")
    finding = clinic.examine(code=0)["repository"]
    assert finding["verdict"] == "warning"
    assert "renamed to acme/renamed" in finding["message"]
    assert "git remote set-url" in finding["hint"]


def test_a_rate_limit_that_is_used_up(clinic: Clinic, hub: GitHubEmulator) -> None:
    hub.limit.remaining = 0
    findings = clinic.examine(code=1)
    assert findings["rate limit"]["verdict"] == "failed"
    assert findings["rate limit"]["hint"].startswith("Try again in 60 min")


def test_a_token_that_does_not_see_the_rules(clinic: Clinic, app: EmulatedRepository) -> None:
    app.admin = False
    app.protect("main", Protection(approvals=1))
    findings = clinic.examine(code=0)
    assert findings["hidden rules"]["verdict"] == "warning"
    assert "administration: read" in findings["hidden rules"]["hint"]
    assert findings["protection"]["message"].startswith("As far as the token may see, main demands")


def test_a_remote_that_is_silent(clinic: Clinic) -> None:
    clinic.desk.git("remote", "set-url", "origin", "/nowhere/at/all.git")
    assert "check the network, the URL" in clinic.complaint("remote")


def test_state_that_the_remote_refuses(clinic: Clinic, content: Repo) -> None:
    hook = content.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho branches and tags only >&2\nexit 1\n")
    hook.chmod(0o755)
    assert "branches and tags only" in clinic.complaint("state")


def test_a_base_that_is_not_there(clinic: Clinic) -> None:
    assert "Branches here: main." in clinic.complaint("base", "--base", "trunk")


def test_a_git_that_is_too_old(clinic: Clinic, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "git version 2.30.2"\n')
    program.chmod(0o755)
    clinic.set(PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    said = clinic.complaint("git")
    assert "git version 2.30.2 is too old" in said
    assert "Upgrade git" in said


def test_an_app_that_is_not_installed_there(clinic: Clinic, hub: GitHubEmulator) -> None:
    robot = hub.make_app("acme/other")
    clinic.set(GITCOORD_APP_ID=str(robot.id), GITCOORD_APP_PRIVATE_KEY=robot.private_key)
    findings = clinic.examine(code=1)
    # Git gets no login, and GitHub's API says why.
    assert (findings["remote"]["verdict"], findings["token"]["verdict"]) == ("failed", "failed")
    assert "not installed on acme/app" in findings["token"]["message"]


def test_an_app_that_is_installed(clinic: Clinic, hub: GitHubEmulator) -> None:
    robot = hub.make_app("acme/app")
    clinic.set(GITHUB_TOKEN="", GITCOORD_APP_ID=str(robot.id), GITCOORD_APP_PRIVATE_KEY=robot.private_key)
    findings = clinic.examine(code=0)
    assert findings["token"]["message"] == f"Signed in as the GitHub App {robot.id}."
