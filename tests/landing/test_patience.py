"""How long landing waits for what GitHub does not make up its mind about, and after lost answers."""

import os
from pathlib import Path

import pytest

from gitcoord.cli.context import open_context
from gitcoord.cli.landing.merge_options import LandingArguments, make_landing_context, make_options
from gitcoord.landing.loop import Lander
from gitcoord.landing.report import Report
from tests.landing.scenes import independent_on_github
from tests.support.github import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import Project

__all__ = ["hub"]
READ = r"GET .*/pulls/\d+$"


def landed(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[Report, list[float]]:
    """Lands the level in this process; returns the report and the pauses, which take no time."""
    for name, value in {**os.environ, **project.env}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project.desk.path)
    context = open_context()
    context.store.refresh()
    plan = context.store.require_plan()
    options = make_options(LandingArguments(), context.settings, plan.strategy)
    scene = make_landing_context(context, plan, None, options, forge=None, repository=None)
    pauses: list[float] = []
    return Lander(scene, lambda notice: None, pauses.append).land(), pauses


def test_one_deadline_is_for_all_that_github_does_not_make_up_its_mind_about(
    hub: GitHubEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(number) for number in range(1, 7)]
    project = independent_on_github(tmp_path, hub, *ids)
    app = hub.repository("acme/app")
    app.hold_mergeability = True
    report, pauses = landed(project, monkeypatch)
    assert (len(report.landed), len(report.waiting)) == (0, len(ids))
    looks = len(hub.requests(READ))
    print(f"{looks} looks, {sum(pauses):.0f} s of pauses")
    assert looks <= 20 + 3 * len(ids)
    assert sum(pauses) <= 100
    app.hold_mergeability = False
    assert len(landed(project, monkeypatch)[0].landed) == len(ids)


def test_what_is_known_after_a_while_is_waited_for_and_is_no_conflict(
    hub: GitHubEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2", "3")
    hub.repository("acme/app").null_answers = 6
    report, _ = landed(project, monkeypatch)
    assert ([one.task for one in report.landed], report.deferred) == (["1", "2", "3"], ())


def test_a_merge_whose_answer_was_lost_and_that_takes_effect_later_is_not_sent_again(
    hub: GitHubEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    hub.fault(r"PUT .*/merge$", "late", reads=4)
    report, _ = landed(project, monkeypatch)
    assert [one.task for one in report.landed] == ["1"]
    assert len(hub.requests(r"PUT .*/merge$")) == 1


def test_the_first_pull_request_is_merged_while_others_are_still_to_be_opened(
    hub: GitHubEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(number) for number in range(1, 11)]
    project = independent_on_github(tmp_path, hub, *ids)
    assert len(landed(project, monkeypatch)[0].landed) == len(ids)
    writes = [entry.method for entry in hub.requests(r"(POST .*/pulls|PUT .*/merge)$")]
    assert writes.index("PUT") <= 8
    assert writes.count("POST") == writes.count("PUT") == len(ids)
