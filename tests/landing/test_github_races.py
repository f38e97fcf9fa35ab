"""Landing on GitHub while others push, close, merge by hand, and while checks have their say."""

import time
from pathlib import Path

import pytest

from tests.emulator.api import Api
from tests.landing.scenes import independent_on_github, three_tasks_on_github
from tests.support.cli import gitcoord, start_gitcoord
from tests.support.github.emulator import GitHubEmulator, LoggedRequest
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection, Pull
from tests.support.github.repository import EmulatedRepository
from tests.support.project import MAIN
from tests.support.repos import Repo

__all__ = ["hub"]
API = r"^[A-Z]+ /(?:repos|repositories|graphql)"


def tasks_of(document: list[dict[str, str]]) -> list[str]:
    return [one["task"] for one in document]


def questions_while_waiting(hub: GitHubEmulator, count: int) -> list[LoggedRequest]:
    """The next requests to the API that have been answered, as soon as there are so many."""
    before = len(hub.requests(API))
    while len(looks := hub.requests(API)[before:]) < count:
        time.sleep(0.02)
    return looks[:count]


def test_a_base_that_is_pushed_to_in_the_middle_of_a_merge_is_looked_at_again(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = three_tasks_on_github(tmp_path, hub, "multi-pr")
    elsewhere = {"src/main.rs": MAIN.replace("start", "start elsewhere")}

    def push(app: EmulatedRepository, pull: Pull) -> None:
        project.remote.commit(elsewhere, "pushed from outside")

    hub.on("before_merge_cas", push)
    ran = project.run("merge-level", "--json")
    assert tasks_of(ran.json["landed"]) == ["2"]
    assert [(one["task"], one["with"]) for one in ran.json["deferred"]] == [("1", []), ("3", [])]
    assert "task 1 conflicts with main in src/main.rs" in ran.err
    assert project.remote.read("main", "src/main.rs") == elsewhere["src/main.rs"].rstrip("\n")


@pytest.mark.parametrize("rewritten", [False, True])
def test_a_head_that_is_pushed_to_before_its_merge_is_never_merged_unseen(
    rewritten: bool, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    fault = hub.fault(r"PUT .*/merge$", "gate")
    landing = start_gitcoord("merge-level", "--json", cwd=project.desk.path, env=project.env)
    fault.gate.wait_until_reached()
    if rewritten:
        project.remote.branch("feature/level-0-task-1")
    newer = project.remote.commit({"newer.txt": "1\n"}, "newer", branch="feature/level-0-task-1")
    fault.gate.open()
    out, err = landing.communicate(timeout=60)
    if rewritten:
        assert landing.returncode == 1, err
        assert b"was rewritten after it was submitted" in out
        assert project.remote.files("main") == ["src/main.rs"]
    else:
        assert landing.returncode == 0, err
        assert project.remote.git("merge-base", "--is-ancestor", newer, "main") == ""


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_what_another_client_has_merged_is_not_merged_again_though_github_shows_it_as_open(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2", strategy=strategy)
    other = project.desk.clone(tmp_path / "other")
    other.git("remote", "set-url", "origin", project.desk.git("remote", "get-url", "origin"))
    late = hub.fault(r"PUT .*/pulls/1/merge-async$", "gate")
    landing = start_gitcoord("merge-level", "--json", cwd=project.desk.path, env=project.env)
    late.gate.wait_until_reached()
    broken = hub.fault(r"PUT .*/pulls/1/merge$", "partial-merge")
    first = gitcoord("merge-level", "--json", cwd=other.path, env=project.env, ok=0)
    late.gate.open()
    _, err = landing.communicate(timeout=60)
    assert (landing.returncode, broken.fired) == (0, 1), err
    assert [one["task"] for one in first.json["landed"]] == ["1", "2"]
    assert len(hub.requests(r"PUT .*/pulls/1/merge$")) == 1


def test_closed_gates_are_named_and_opened_while_landing_waits(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2", "3")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    heads = {id: project.remote.tip(f"feature/level-0-task-{id}") for id in ("1", "2", "3")}
    app.set_status(heads["1"], "ci", "success")
    app.set_status(heads["2"], "ci", "failure")
    ran = project.run("merge-level", "--json")
    assert ran.code == 1
    assert tasks_of(ran.json["landed"]) == ["1"]
    assert {one["task"]: (one["pull"], one["reason"]) for one in ran.json["waiting"]} == {
        "2": (2, "check ci: its status is failure"),
        "3": (3, "check ci: it has not been reported yet"),
    }
    steps = project.run("merge-level", "--dry-run", ok=0).out
    assert "wait for task 3: check ci: it has not been reported yet" in steps
    landing = start_gitcoord("merge-level", "--wait", "60s", cwd=project.desk.path, env=project.env)
    assert landing.stderr is not None
    told = ""
    while "waiting: " not in told:
        told = landing.stderr.readline().decode()
    looks = questions_while_waiting(hub, 12)
    assert {(look.method, look.status) for look in looks} == {("GET", 304)}, looks
    for id in ("2", "3"):
        app.set_status(heads[id], "ci", "success")
    landing.communicate(timeout=60)
    assert landing.returncode == 0
    assert project.remote.files("main") == ["1.txt", "2.txt", "3.txt", "src/main.rs"]


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_a_base_that_wants_branches_up_to_date_gets_them_so(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", strategy=strategy)
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci", strict=True))
    project.run("merge-level")
    outside = project.remote.commit({"out.txt": "o\n"}, "from outside")
    held = project.run("merge-level", "--json")
    assert held.json["waiting"][0]["reason"] == "check ci: it has not been reported yet"
    assert project.remote.git("merge-base", "--is-ancestor", outside, app.pulls[1].head_sha) == ""
    app.set_status(app.pulls[1].head_sha, "ci", "success")
    project.run("merge-level", ok=0)
    assert project.remote.files("main") == ["1.txt", "out.txt", "src/main.rs"]


def test_a_pull_request_that_somebody_closed_is_not_opened_again_for_the_same_work(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1")
    app, api = hub.repository("acme/app"), Api(hub.repository("acme/app"))
    app.protect("main", Protection.requiring("ci"))
    project.run("merge-level")
    api.call("PATCH", "/pulls/1", {"state": "closed"})
    ran = project.run("merge-level", "--json")
    assert ran.code == 1
    assert "pull request 1 was closed without a merge" in ran.json["waiting"][0]["reason"]
    assert list(app.pulls) == [1]
    newer = project.remote.commit({"1.txt": "better\n"}, "better", branch="feature/level-0-task-1")
    app.set_status(newer, "ci", "success")
    assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == 2


def test_what_somebody_squashed_by_hand_has_landed(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2")
    app, api = hub.repository("acme/app"), Api(hub.repository("acme/app"))
    number = api.open_pull("feature/level-0-task-2")
    api.ready(number)
    assert api.merge(number, "squash")[0] == 200
    squashed = project.remote.tip("main")
    adopted = api.open_pull("feature/level-0-task-1", body="Please look at this.")
    ran = project.run("merge-level", "--json", ok=0)
    assert {one["task"]: one["pull"] for one in ran.json["landed"]} == {"1": adopted, "2": number}
    assert next(one["commit"] for one in ran.json["landed"] if one["task"] == "2") == squashed
    body = app.pulls[adopted].body or ""
    assert body.startswith("Please look at this.\n\n---\n")
    assert "**Task 1**" in body
    assert app.pulls[number].body is None


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
def test_two_landings_at_once_merge_each_pull_request_once(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = independent_on_github(tmp_path, hub, "1", "2", strategy=strategy)
    second = Repo(tmp_path / "second")
    project.desk.git("clone", "--quiet", hub.repository("acme/app").authenticated_url, str(second.path))
    runs = [start_gitcoord("merge-level", "0", cwd=p.path, env=project.env) for p in (project.desk, second)]
    ended = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ended
    assert project.remote.files("main") == ["1.txt", "2.txt", "src/main.rs"]
    assert len(hub.repository("acme/app").pulls) == (1 if strategy == "single-pr" else 2)


def test_a_pull_request_takes_few_requests_from_its_opening_to_its_merge(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    tasks = 6
    project = independent_on_github(tmp_path, hub, *(str(number) for number in range(1, tasks + 1)))
    # Checks run here: GitHub is asked as often as without them.
    project.run("merge-level", "--check", "true", ok=0)
    asked = len(hub.requests(API))
    print(f"requests per pull request: {asked / tasks:.1f}")
    assert asked <= 6 * tasks
    assert len(hub.requests("GET .*/pulls$")) <= 3
