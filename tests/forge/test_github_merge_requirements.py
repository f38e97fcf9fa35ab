"""The GitHub client over a socket: which gates are closed, from every place where GitHub keeps them."""

import pytest

from gitcoord.forge.github import GitHubForge, open_github
from gitcoord.forge.pull_requests import Gate, NewPull, Pull
from tests.support.github import EmulatedRepository, GitHubEmulator, Protection, RequiredCheck
from tests.support.github.fixtures import app, content, hub
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]
FORMS = pytest.mark.parametrize("form", ["classic", "ruleset"])


@pytest.fixture
def forge(hub: GitHubEmulator, app: EmulatedRepository, content: Repo) -> GitHubForge:
    return open_github(url=app.clone_url, repository=None, environ=hub.environment())


@pytest.fixture
def pull(forge: GitHubForge, content: Repo) -> Pull:
    content.commit({"new.txt": "new"}, branch="work")
    opened = forge.open_pull(NewPull(head="work", base="main", title="Work", body=""))
    assert isinstance(opened, Pull)
    return opened


def names(gates: tuple[Gate, ...]) -> list[str]:
    return [gate.name for gate in gates]


def test_an_unprotected_base_has_no_gates_and_is_asked_once(
    forge: GitHubForge, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    app.set_status(content.tip("work"), "optional", "failure")
    before = len(hub.log)
    assert forge.closed_gates(pull) == ()
    assert forge.closed_gates(pull) == ()
    assert len(hub.log) - before == 2


def test_a_draft_is_a_gate(forge: GitHubForge, content: Repo) -> None:
    content.commit({"draft.txt": "draft"}, branch="draft")
    pull = forge.open_pull(NewPull(head="draft", base="main", title="Draft", body="", draft=True))
    assert isinstance(pull, Pull)
    assert names(forge.closed_gates(pull)) == ["draft"]


@FORMS
def test_required_checks_are_gates_until_status_and_check_run_have_both_passed(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, pull: Pull, form: str
) -> None:
    app.protect("main", Protection.requiring("ci", form=form))
    sha, seen = content.tip("work"), []

    def look() -> None:
        seen.append([(gate.name, gate.failed) for gate in forge.closed_gates(pull)])

    look()
    app.set_status(sha, "ci", "pending")
    look()
    app.set_status(sha, "ci", "failure")
    look()
    app.set_status(sha, "ci", "success")
    look()
    app.set_check(sha, "ci", None)
    look()
    app.set_check(sha, "ci", "timed_out")
    look()
    app.set_check(sha, "ci", "skipped")
    look()
    waiting, failed = [("check ci", False)], [("check ci", True)]
    assert seen == [waiting, waiting, failed, [], waiting, failed, []]


def test_checks_of_classic_protection_and_of_rulesets_add_up(
    forge: GitHubForge, app: EmulatedRepository, hub: GitHubEmulator, pull: Pull
) -> None:
    app.protect("main", Protection.requiring("ci"))
    rule = {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": False,
            "required_status_checks": [{"context": "lint"}],
        },
    }
    hub.fault("/rules/branches/main$", "status", status=200, body=[rule])
    assert names(forge.closed_gates(pull)) == ["check ci", "check lint"]


@FORMS
def test_a_check_must_come_from_the_app_that_is_asked_for(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, pull: Pull, form: str
) -> None:
    app.protect("main", Protection(checks=(RequiredCheck("ci", app=7),), form=form))  # type: ignore[arg-type]
    app.set_check(content.tip("work"), "ci", "success", app=8)
    assert forge.closed_gates(pull)[0].reason == "the app 7 has not reported it, and no other app may"
    app.set_check(content.tip("work"), "ci", "success", app=7)
    assert forge.closed_gates(pull) == ()


@FORMS
def test_approvals_are_counted_and_requested_changes_block(
    forge: GitHubForge, app: EmulatedRepository, pull: Pull, form: str
) -> None:
    app.protect("main", Protection(approvals=2, form=form))  # type: ignore[arg-type]
    assert forge.closed_gates(pull)[0].reason == "it has 0 of 2 required approvals"
    app.review(pull.number, by="hubot")
    app.review(pull.number, by="hubot")
    app.review(pull.number, by="octo", state="CHANGES_REQUESTED")
    assert forge.closed_gates(pull)[0].reason == "octo asked for changes"
    app.review(pull.number, by="octo")
    app.review(pull.number, by="octo", state="COMMENTED")
    assert forge.closed_gates(pull) == ()
    app.review(pull.number, by="octo", state="DISMISSED")
    assert forge.closed_gates(pull)[0].reason == "it has 1 of 2 required approvals"


@FORMS
def test_a_base_that_demands_up_to_date_branches_is_a_gate_for_one_that_is_behind(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, pull: Pull, form: str
) -> None:
    app.protect("main", Protection.requiring("ci", strict=True, form=form))
    app.set_status(content.tip("work"), "ci", "success")
    assert forge.closed_gates(pull) == ()
    content.commit({"moved.txt": "moved"}, branch="main")
    assert names(forge.closed_gates(pull)) == ["up to date"]


def test_a_merge_queue_says_where_a_pull_request_stands_with_it(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    app.protect("main", Protection(merge_queue=True, form="ruleset"))
    seen = forge.closed_gates(pull)
    app.background_reads = 4
    assert forge.handover.enqueue(pull.number, pull.head_commit) == "asked"
    seen += forge.closed_gates(pull)
    content.commit({"new.txt": "clash\n"}, branch="main")
    while (gate := forge.closed_gates(pull)[0]).queue == "joined":
        pass
    content.commit({"more.txt": "more\n"}, branch="work")
    seen += (gate, *forge.closed_gates(pull))
    assert [one.queue for one in seen] == ["open", "joined", "", "open"]
    assert (seen[1].reason, seen[2].failed) == ("it is at position 1 of GitHub's queue", True)
    assert seen[2].reason.startswith("GitHub took it out of its queue: ")


def test_a_token_that_may_not_see_the_protection_relies_on_githubs_summary(
    forge: GitHubForge, app: EmulatedRepository, pull: Pull
) -> None:
    app.admin = False
    app.protect("main", Protection(approvals=1))
    forge.read_pull(pull.number)
    assert names(forge.closed_gates(pull)) == ["branch protection"]
    app.review(pull.number, by="hubot")
    assert forge.closed_gates(pull) == ()


def test_many_checks_are_read_on_all_their_pages(
    forge: GitHubForge, app: EmulatedRepository, content: Repo, pull: Pull
) -> None:
    sha = content.tip("work")
    wanted = [f"check-{number}" for number in range(130)]
    app.protect("main", Protection.requiring(*wanted, "status-129"))
    for number, name in enumerate(wanted):
        app.set_check(sha, name, "success")
        app.set_status(sha, f"status-{number}", "success")
    assert forge.closed_gates(pull) == ()
