"""The commit status that says on each head what the combination with it gave."""

from pathlib import Path

import pytest

from tests.landing.semantic import CHECK, failing_commits, renamed_function
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.exchange import ApiError
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.github.repository import EmulatedRepository
from tests.support.project import Project
from tests.support.repos import Repo

__all__ = ["hub"]
CONTEXT = "gitcoord/combined"
OPTIONS = ("merge-level", "0", "--check", CHECK, "--slots", "2", "--json")


def landing_with_status(
    hub: GitHubEmulator, directory: Path, strategy: str
) -> tuple[Project, EmulatedRepository]:
    """The base takes only heads that the status says passed."""
    app = hub.make_repository("acme/app")
    where = {"remote": Repo(app.git_dir), "url": app.authenticated_url, "env": hub.environment()}
    project = renamed_function(directory, strategy, **where)
    (project.desk.path / ".gitcoord.toml").write_text(f'[landing]\nstatus = "{CONTEXT}"\n')
    app.add_rules("main", Protection.requiring(CONTEXT))
    return project, app


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_ruleset_can_demand_that_the_combination_has_passed(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, app = landing_with_status(hub, tmp_path, strategy)
    first = project.remote.tip("main")
    ran = project.run(*OPTIONS)
    assert [one["task"] for one in ran.json["landed"]] == ["1", "3", "4"], ran.err
    assert failing_commits(project, first) == []
    said = {(one.sha, one.state): one.description for one in app.statuses if one.context == CONTEXT}
    heads = {pull.head_sha for pull in app.pulls.values() if pull.merge_commit}
    assert heads <= {sha for sha, state in said if state == "success"}
    (failure,) = [text for (_, state), text in said.items() if state == "failure"]
    assert failure == "The check fails with task 2 together with task 1: " + (
        "it ended with code 1: open is called, and not defined"
    )
    # Said once, and nothing is asked for beside it.
    assert len(hub.requests(r"POST .*/statuses/")) == len(app.statuses) == len(said)


def test_a_forge_that_takes_no_status_is_told_and_lands_what_needs_none(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, _ = landing_with_status(hub, tmp_path, "single-pr")
    refusal = ApiError(403, "Resource not accessible by integration").answer
    hub.fault("POST .*/statuses/", "status", status=403, body=refusal.body, times=9)
    ran = project.run(*OPTIONS)
    assert ran.code == 1
    assert "GitHub did not change the status gitcoord/combined" in ran.err
    assert all("check gitcoord/combined" in one["reason"] for one in ran.json["waiting"])


def test_a_long_reason_is_cut_to_what_github_takes(hub: GitHubEmulator, tmp_path: Path) -> None:
    project, app = landing_with_status(hub, tmp_path, "multi-pr")
    text = f"{CHECK} || {{ echo {'long ' * 60}; exit 1; }}"
    ran = project.run("merge-level", "0", "--check", text, "--shell", "--slots", "2", "--json")
    assert [one["task"] for one in ran.json["landed"]] == ["1", "3", "4"], ran.err
    assert "did not change" not in ran.err
    assert max(len(one.description or "") for one in app.statuses) == 140
