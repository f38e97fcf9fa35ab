"""Landing through GitHub's API, over a socket, against the emulator."""

from itertools import product
from pathlib import Path

import pytest

from tests.landing.scenes import METHODS, STRATEGIES, changes_in_base, merged_by_hand, three_tasks_on_github
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.project import MAIN

__all__ = ["hub"]
ONCE = {"1": 1, "2": 1, "3": 0}
WAYS = tuple(product(STRATEGIES, METHODS))
# However the connection ends, landing hears the same: `tests/forge/test_contract_merging.py` has each end.
# What landing does then has the strategy and the method in it once the merge took effect in part, too.
ENDS = (("multi-pr", "merge", "reset"), ("single-pr", "squash", "eof"), ("multi-pr", "rebase", "status"))
LOST_ANSWERS = (*((*way, "partial-merge") for way in WAYS), *ENDS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_base_is_what_merging_by_hand_gives(
    strategy: str, method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = three_tasks_on_github(tmp_path / "project", hub, strategy)
    by_hand = merged_by_hand(project, "1", "2")
    ran = project.run("merge-level", "level-0", "--method", method, "--json")
    assert ran.code == 1, ran.err
    assert [landed["task"] for landed in ran.json["landed"]] == ["1", "2"]
    (deferred,) = ran.json["deferred"]
    assert (deferred["task"], deferred["with"], deferred["paths"]) == ("3", ["1"], ["src/main.rs"])
    assert project.remote.tree("main") == by_hand
    assert changes_in_base(project.remote) == ONCE
    assert project.run("merge-level", "level-0", "--json").json["landed"] == ran.json["landed"]
    assert ran.json["landed"][0]["pull"] == 1


@pytest.mark.parametrize(("strategy", "method", "kind"), LOST_ANSWERS)
def test_a_lost_answer_to_a_merge_is_one_merge_reported_as_landed(
    strategy: str, method: str, kind: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = three_tasks_on_github(tmp_path / "project", hub, strategy)
    by_hand = merged_by_hand(project, "1", "2")
    fault = hub.fault(r"PUT .*/merge$", kind, when="after")
    ran = project.run("merge-level", "level-0", "--method", method, "--json")
    assert fault.fired == 1
    assert [landed["task"] for landed in ran.json["landed"]] == ["1", "2"], ran.err
    assert project.remote.tree("main") == by_hand
    assert changes_in_base(project.remote) == ONCE
    puts = hub.requests(r"PUT .*/pulls/1/merge$")
    assert len(puts) == 1


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_pull_request_that_a_broken_merge_left_open_does_not_keep_the_level_from_ending(
    method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    project = three_tasks_on_github(tmp_path / "project", hub, "single-pr")
    hub.fault(r"PUT .*/merge$", "partial-merge", when="after")
    ran = project.run("merge-level", "level-0", "--method", method, "--json")
    assert [(landed["task"], landed["pull"]) for landed in ran.json["landed"]] == [("1", 1), ("2", 1)]
    worker = project.worker("3")
    worker.run("checkout", "3", ok=0)
    worker.repo.path.joinpath("src/main.rs").write_text(MAIN.replace("start", "start 1 and 3"))
    worker.run("submit", ok=0)
    ended = project.run("merge-level", "level-0", "--method", method, "--json", ok=0)
    assert {landed["task"]: landed["pull"] for landed in ended.json["landed"]} == {"1": 1, "2": 1, "3": 2}
