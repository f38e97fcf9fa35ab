"""What GitHub can never let pass is asked for once, ends the waiting, and is told with what would open it."""

from pathlib import Path

import pytest

from tests.landing.scenes import independent_on_github
from tests.support.cli import Ran
from tests.support.github import GitHubEmulator, Person
from tests.support.github.fixtures import hub
from tests.support.github.model import MessagePattern, Protection
from tests.support.project import Project

__all__ = ["hub"]
FORMS = pytest.mark.parametrize("form", ["classic", "ruleset"])
OPENED, MERGED = r"POST .*/pulls$", r"PUT .*/merge$"


def landed_with_patience(project: Project, *options: str) -> Ran:
    """Lands with a wait that no test could stand; the run has to end by itself."""
    return project.run("merge-level", "--wait", "10m", *options, "--json")


def reasons(ran: Ran) -> set[tuple[str, str]]:
    return {(one["needs"], one["reason"]) for one in ran.json["waiting"]}


def test_drafts_that_a_plan_does_not_have_are_asked_for_once(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    hub.repository("acme/app").settings.drafts = False
    (project.desk.path / "gitcoord.toml").write_text("[pull-requests]\ndraft = true\n")
    ran = landed_with_patience(project)
    ((needs, reason),) = reasons(ran)
    assert (ran.code, needs, len(hub.requests(OPENED))) == (1, "work", 1)
    assert "Draft pull requests are not supported in this repository; set `draft = false`" in reason
    assert "--wait" not in project.run("merge-level").out


def test_actions_that_may_not_open_pull_requests_are_told_the_setting(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    hub.repository("acme/app").settings.actions_open_pulls = False
    project.env = hub.environment(hub.make_actions_token())
    ((_, reason),) = reasons(landed_with_patience(project))
    assert len(hub.requests(OPENED)) == 1
    assert "Settings > Actions > General > Workflow permissions" in reason


def test_checks_never_come_to_what_the_actions_token_opened(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    project.env = hub.environment(hub.make_actions_token())
    ((needs, reason),) = reasons(landed_with_patience(project))
    assert needs == "work"
    assert "GitHub starts no workflows for pull requests that the Actions token opened" in reason
    shown = project.run("doctor", env={"GITHUB_ACTIONS": "true"})
    assert "actions token: main demands checks, and GitHub starts none" in shown.out
    app.set_status(app.pulls[1].head_sha, "ci", "success")
    project.run("merge-level", ok=0)


@FORMS
def test_conversations_are_waited_for_without_asking_again(
    form: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    app = hub.repository("acme/app")
    app.protect("main", Protection(conversation_resolution=True, form=form))  # type: ignore[arg-type]
    lisa = Person(app)
    number = lisa.open("feature/level-0-task-1", "main")
    lisa.start_conversation(number)
    ran = project.run("merge-level", "--wait", "4s", "--json")
    ((needs, reason),) = reasons(ran)
    assert ([one["task"] for one in ran.json["landed"]], needs) == (["2"], "time")
    assert "must be resolved" in reason
    assert "resolve the conversations" in reason
    assert "\\n" not in ran.err
    assert len(hub.requests(rf"PUT .*/pulls/{number}/merge$")) == 1
    hub.when(r"GET .*/pulls/\d+$", lambda: lisa.resolve_conversations(number), nth=4)
    assert landed_with_patience(project).code == 0


@pytest.mark.parametrize(
    ("setting", "method", "way"),
    [
        ("allow_squash_merge", "squash", "use `--method merge` or `--method rebase`"),
        ("allow_rebase_merge", "rebase", "use `--method merge` or `--method squash`"),
    ],
)
def test_a_method_that_is_off_names_the_others(
    setting: str, method: str, way: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    setattr(hub.repository("acme/app").settings, setting, False)
    ran = landed_with_patience(project, "--method", method)
    assert len(hub.requests(MERGED)) == 1
    assert {needs for needs, _ in reasons(ran)} == {"work"}
    assert all(way in reason for _, reason in reasons(ran))


@FORMS
def test_a_linear_history_is_told_to_be_squashed(form: str, hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection(linear_history=True, form=form))  # type: ignore[arg-type]
    ((_, reason),) = reasons(landed_with_patience(project))
    assert "`--method squash`" in reason
    assert "\n" not in reason
    assert len(hub.requests(MERGED)) == 1
    assert landed_with_patience(project, "--method", "squash").code == 0


@FORMS
@pytest.mark.parametrize("method", ["merge", "rebase"])
def test_unsigned_commits_are_named_before_a_merge_is_asked_for(
    method: str, form: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection(required_signatures=True, form=form))  # type: ignore[arg-type]
    ((needs, reason),) = reasons(landed_with_patience(project, "--method", method))
    assert (needs, hub.requests(MERGED)) == ("work", [])
    assert reason.startswith("signatures: the base demands signed commits")
    assert "`--method squash`" in reason
    shown = project.run("doctor")
    assert "signatures: main demands signed commits, and git does not sign them here" in shown.out
    assert landed_with_patience(project, "--method", "squash").code == 0


def test_a_merge_that_cannot_be_signed_is_not_left_to_auto_merge(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.settings.allow_auto_merge = True
    app.protect("main", Protection(required_signatures=True))
    ((needs, reason),) = reasons(landed_with_patience(project, "--method", "rebase", "--auto"))
    assert (needs, hub.requests(r"POST .*/graphql")) == ("work", [])
    assert reason.startswith("signatures: the base demands signed commits")


def test_a_message_that_a_rule_does_not_take_is_sent_once(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    pattern = MessagePattern("^feat: ")
    hub.repository("acme/app").protect("main", Protection(message_pattern=pattern, form="ruleset"))
    ran = landed_with_patience(project, "--method", "squash")
    ((needs, reason),) = reasons(ran)
    assert (needs, len(hub.requests(MERGED))) == ("work", 1)
    assert reason.startswith("Repository rule violations found: Commit message must match")
    assert "\\n" not in ran.err


def test_an_archived_repository_is_asked_once(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    refused = {"message": "Repository was archived so is read-only.", "status": "403"}
    fault = hub.fault(OPENED, "status", status=403, body=refused, times=9)
    ((_, reason),) = reasons(landed_with_patience(project))
    assert fault.fired == 1
    assert "unarchive the repository" in reason
