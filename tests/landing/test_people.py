"""Landing on GitHub while people retarget, close, reopen and convert pull requests: their word is final."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gitcoord.cli.context import open_context
from gitcoord.forge.local import LocalForge
from gitcoord.forge.pull_requests import NewPull, Pull
from tests.emulator.api import Api
from tests.landing.scenes import STRATEGIES, independent_on_github
from tests.support.cli import start_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.project import Project, independent
from tests.support.repos import Repo

__all__ = ["hub"]
CLOSED = "pull request 1 was closed without a merge; to land it, reopen it, or submit new commits"
MOVED = "pull request 1 has the base release, not main; to land it, change its base back to main"
BRANCH = {"single-pr": "feature/level-0-implementation", "multi-pr": "feature/level-0-task-1"}


def tasks_of(document: list[dict[str, str]]) -> list[str]:
    return [one["task"] for one in document]


def at_gate(
    project: Project, hub: GitHubEmulator, request: str, act: Callable[[], object]
) -> tuple[int, str]:
    """Lands the level; when `request` comes in, a person acts before it is answered. Exit code and talk."""
    fault = hub.fault(request, "gate")
    landing = start_gitcoord("merge-level", cwd=project.desk.path, env=project.env)
    fault.gate.wait_until_reached()
    act()
    fault.gate.open()
    _, err = landing.communicate(timeout=60)
    return landing.returncode, err.decode()


def project_with_release(
    directory: Path, hub: GitHubEmulator, *ids: str, strategy: str = "multi-pr"
) -> tuple[Project, Api]:
    project = independent_on_github(directory, hub, *ids, strategy=strategy)
    project.remote.branch("release")
    return project, Api(hub.repository("acme/app"))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pull_request_that_is_moved_before_it_is_examined_is_not_merged(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    ids = ("1", "2") if strategy == "multi-pr" else ("1",)
    project, api = project_with_release(tmp_path, hub, *ids, strategy=strategy)
    release = project.remote.tip("release")
    code, told = at_gate(
        project, hub, r"GET .*/pulls/1$", lambda: api.call("PATCH", "/pulls/1", {"base": "release"})
    )
    assert code == 1
    assert MOVED in told
    assert project.remote.tip("release") == release
    assert project.remote.find("main:1.txt") is None
    ran = project.run("merge-level", "--json")
    assert [(one["task"], one["pull"], one["reason"]) for one in ran.json["waiting"]] == [("1", 1, MOVED)]
    assert tasks_of(ran.json["landed"]) == list(ids[1:])
    assert f"wait for task 1: {MOVED}" in project.run("merge-level", "--dry-run", ok=0).out
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["held"] == MOVED
    assert len(hub.repository("acme/app").pulls) == len(ids)
    api.call("PATCH", "/pulls/1", {"base": "main"})
    assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == 1
    assert project.run("status", "--json", ok=0).json["tasks"]["1"]["held"] is None


def test_the_base_is_read_again_right_before_a_merge(hub: GitHubEmulator, tmp_path: Path) -> None:
    project, api = project_with_release(tmp_path, hub, "1")
    hub.repository("acme/app").protect("main", Protection.requiring("ci"))
    hub.repository("acme/app").set_status(project.remote.tip("feature/level-0-task-1"), "ci", "success")
    release = project.remote.tip("release")
    code, told = at_gate(
        project, hub, r"GET .*/check-runs$", lambda: api.call("PATCH", "/pulls/1", {"base": "release"})
    )
    assert (code, project.remote.tip("release")) == (1, release)
    assert MOVED in told
    assert hub.requests(r"PUT .*/merge$") == []


def test_a_pull_request_that_is_moved_while_another_way_to_merge_is_asked_for_is_not_merged(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1")
    release = project.remote.tip("release")

    def move() -> None:
        api.call("PATCH", "/pulls/1", {"base": "release"})

    hub.when(r"PUT .*/pulls/1/merge-async$", move)
    assert MOVED in project.run("merge-level").err
    assert project.remote.tip("release") == release
    assert hub.requests(r"PUT .*/merge$") == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_merge_into_another_base_stops_the_run_and_is_not_repeated_onto_the_right_one(
    strategy: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1", strategy=strategy)
    main = project.remote.tip("main")

    def move() -> None:
        api.call("PATCH", "/pulls/1", {"base": "release"})
        api.ready(1)

    code, told = at_gate(project, hub, r"PUT .*/merge$", move)
    assert code == 3
    assert "The base of pull request 1 was changed from main to release during the merge" in told
    ran = project.run("merge-level", "--json")
    assert "pull request 1 was merged into release, not main" in ran.json["waiting"][0]["reason"]
    assert (ran.code, project.remote.tip("main")) == (1, main)
    assert len(hub.repository("acme/app").pulls) == 1
    by_hand = api.open_pull(BRANCH[strategy])
    assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == by_hand


@pytest.mark.parametrize("opener", ["gitcoord", "a person"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pull_request_that_a_person_closed_stays_closed_and_the_others_land(
    strategy: str, opener: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1", strategy=strategy)
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    if opener == "a person" and strategy == "multi-pr":
        api.open_pull(BRANCH[strategy])
    else:
        project.run("merge-level")
    api.call("PATCH", "/pulls/1", {"state": "closed"})
    app.unprotect("main")
    assert project.run("merge-level", "--json").json["waiting"][0]["reason"] == CLOSED
    assert f"wait for task 1: {CLOSED}" in project.run("merge-level", "--dry-run", ok=0).out
    assert CLOSED in " ".join(project.run("status", ok=0).out.split())
    assert list(app.pulls) == [1]
    if strategy == "multi-pr":
        newer = project.remote.commit({"1.txt": "new\n"}, "more", branch="feature/level-0-task-1")
        assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == 2
        assert project.remote.git("merge-base", "--is-ancestor", newer, "main") == ""
    else:
        api.call("PATCH", "/pulls/1", {"state": "open"})
        assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == 1


def test_a_pull_request_that_a_person_closes_while_its_branch_is_updated_from_the_base_stays_closed(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci", strict=True))
    project.run("merge-level", ok=1)
    project.remote.commit({"outside.txt": "outside\n"}, "outside", branch="main")
    app.set_status(project.remote.tip("feature/level-0-task-1"), "ci", "success")
    close = partial(api.call, "PATCH", "/pulls/1", {"state": "closed"})
    assert at_gate(project, hub, r"POST .*/git-receive-pack$", close)[0] == 1
    assert project.run("merge-level", "--json", ok=1).json["waiting"][0]["reason"] == CLOSED
    assert list(app.pulls) == [1]
    project.remote.commit({"1.txt": "new\n"}, "more", branch="feature/level-0-task-1")
    project.run("merge-level", "--json", ok=1)
    assert list(app.pulls) == [1, 2]


def test_a_pull_request_that_github_closed_for_having_nothing_is_no_persons_no(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1", strategy="single-pr")
    app = hub.repository("acme/app")
    app.protect("main", Protection.requiring("ci"))
    project.run("merge-level")
    # Landing makes a level branch anew on the base, and may be killed before it folds the tasks in again.
    project.remote.clone(tmp_path / "killed").git(
        "push", "--quiet", "--force", "origin", f"origin/main:refs/heads/{BRANCH['single-pr']}"
    )
    assert api.call("GET", "/pulls/1")[1]["state"] == "closed"
    app.unprotect("main")
    assert tasks_of(project.run("merge-level", "--json", ok=0).json["landed"]) == ["1"]


def test_what_a_person_did_not_refuse_lands_in_a_round_of_its_own(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    tasks = ("1", "2", "3")
    app = hub.make_repository("acme/app")
    project = Project.create(
        tmp_path,
        independent(*tasks),
        strategy="single-pr",
        remote=Repo(app.git_dir),
        url=app.authenticated_url,
        env=hub.environment(),
    )
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    app.protect("main", Protection.requiring("ci"))
    project.run("merge-level", "--partial")
    Api(app).call("PATCH", "/pulls/1", {"state": "closed"})
    app.unprotect("main")
    assert {one["reason"] for one in project.run("merge-level", "--json").json["waiting"]} == {
        CLOSED,
        "not started",
    }
    # One of the refused is reworked, and one that was never refused is handed in.
    for id in ("1", "3"):
        assert project.worker(id).run("checkout", id).code == 0
        project.worker(id).write({f"{id}.txt": f"{id} again\n"})
        project.worker(id).run("submit", ok=0)
    ran = project.run("merge-level", "--partial", "--json")
    assert {one["task"]: one["pull"] for one in ran.json["landed"]} == {"1": 2, "3": 2}
    assert [(one["task"], one["reason"]) for one in ran.json["waiting"]] == [("2", CLOSED)]
    assert project.remote.files("main") == ["1.txt", "3.txt", "src/main.rs"]


def test_what_a_person_decided_about_a_tasks_own_pull_request_holds_for_the_level_branch_too(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1", "2", "3", strategy="single-pr")
    project.remote.branch(BRANCH["single-pr"])
    bases = {"1": "main", "2": "release", "3": BRANCH["single-pr"]}
    numbers = {id: api.open_pull(f"feature/level-0-task-{id}", base) for id, base in bases.items()}
    api.call("PATCH", f"/pulls/{numbers['1']}", {"state": "closed"})
    ran = project.run("merge-level", "--partial", "--json")
    assert tasks_of(ran.json["landed"]) == ["3"]
    assert {one["task"]: (one["pull"], one["reason"]) for one in ran.json["waiting"]} == {
        "1": (1, CLOSED),
        "2": (2, MOVED.replace("request 1", "request 2")),
    }
    assert project.remote.files("main") == ["3.txt", "src/main.rs"]
    api.call("PATCH", f"/pulls/{numbers['1']}", {"state": "open"})
    api.call("PATCH", f"/pulls/{numbers['2']}", {"base": "main"})
    assert project.run("merge-level", "--json", ok=0).json["waiting"] == []


def test_a_branch_whose_pull_request_goes_elsewhere_gets_no_twin(hub: GitHubEmulator, tmp_path: Path) -> None:
    project, api = project_with_release(tmp_path, hub, "1", "2")
    number = api.open_pull("feature/level-0-task-1", "release")
    ran = project.run("merge-level", "--json")
    assert (tasks_of(ran.json["landed"]), ran.json["waiting"][0]["pull"]) == (["2"], number)
    # Open onto both by a person's own hand: that is a yes to each.
    api.open_pull("feature/level-0-task-1", "main")
    project.run("merge-level", ok=0)


def test_a_pull_request_that_went_elsewhere_from_the_start_says_nothing_of_the_base(
    hub: GitHubEmulator, tmp_path: Path
) -> None:
    project, api = project_with_release(tmp_path, hub, "1")
    api.open_pull("feature/level-0-task-1", "release")
    api.call("PATCH", "/pulls/1", {"state": "closed"})
    assert project.run("merge-level", "--json", ok=0).json["landed"][0]["pull"] == 2


def test_a_draft_of_a_persons_own_stays_one(hub: GitHubEmulator, tmp_path: Path) -> None:
    project, api = project_with_release(tmp_path, hub, "1", "2")
    (project.desk.path / "gitcoord.toml").write_text("[pull-requests]\ndraft = true\n")
    api.open_pull("feature/level-0-task-1", draft=True)
    ran = project.run("merge-level", "--json")
    assert tasks_of(ran.json["landed"]) == ["2"]
    assert "draft: it is a draft" in ran.json["waiting"][0]["reason"]
    assert hub.repository("acme/app").pulls[1].draft


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pull_request_kept_in_the_repository_that_was_moved_is_held_too(
    strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy=strategy)
    project.remote.branch("release")
    project.work("1", {"1.txt": "1\n"})
    (project.desk.path / "gitcoord.toml").write_text("[pull-requests]\ndraft = true\n")
    monkeypatch.chdir(project.desk.path)
    context = open_context()
    context.store.refresh()
    forge = LocalForge(context.repository, context.shared)
    opened = _opened(project, forge, BRANCH[strategy])
    assert forge.retarget("main", "release") == (opened,)
    waiting = {one["task"]: one["reason"] for one in project.run("merge-level", "--json").json["waiting"]}
    assert waiting["1"] == MOVED
    assert project.remote.find("main:1.txt") is None


def _opened(project: Project, forge: LocalForge, branch: str) -> int:
    if "implementation" in branch:
        project.worker("1").do({"1.txt": "1 again\n"})
        forge._shared.refresh()
    pull = forge.open_pull(NewPull(head=branch, base="main", title="T", body=""))
    assert isinstance(pull, Pull)
    return pull.number
