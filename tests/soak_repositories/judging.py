"""What is wrong after the runs: half landed, landed twice, lost, or told otherwise than it is."""

from collections.abc import Collection, Sequence
from typing import Any

from tests.soak_repositories.scenario import CLASHES, HALF, HANDS, WORK, Scenario
from tests.soak_repositories.world import World, is_ready
from tests.support.cli import Ran
from tests.support.services import SERVICES

_CODES = (0, 1, 3, -9, 137)
Place = tuple[str, str]
"""A task, and a repository that it works in."""


def judge_first(scenario: Scenario, world: World, ran: Ran) -> list[str]:
    """What is wrong after the run in which things went wrong, before anything is put right."""
    landed = _landed(world)
    wrong = []
    if landed and not scenario.may_land_at_once and "merges" not in scenario.hazards:
        wrong.append(f"not all was ready, and {sorted(landed)} landed")
    if len(landed) < _count() and is_ready(world):
        wrong.append(f"what needs the level may begin with only {sorted(landed)} landed")
    if len(landed & {("4", "api"), ("4", "web")}) == 1 and is_ready(world, HALF):
        wrong.append("what needs task 4 may begin, which has landed in one of its repositories")
    if "conflicts" not in scenario.hazards:
        wrong += _told(scenario, landed, ran)
    return wrong


def judge(scenario: Scenario, world: World, runs: Sequence[Ran]) -> list[str]:
    """What is wrong after the last run."""
    wrong = [
        f"exit code {ran.code}: {ran.err[-300:]}" for ran in runs if ran.code not in _CODES
    ] + world.wrong_on_the_forge()
    last = _document(runs[-1])
    state, landed = last.get("state"), _landed(world)
    hands = bool(HANDS & set(scenario.hazards) or scenario.clashes)
    wrong += _told(scenario, landed, runs[-1])
    if state == "landed" and len(landed) < _count():
        wrong.append("the report says landed, and the bases lack something")
    if not hands:
        wrong += _unfinished(scenario, last, landed)
    elif not HANDS & set(scenario.hazards) and scenario.on_partial == "wait":
        out = {(id, name) for id, where in WORK.items() for name in where} - landed
        tasks = {id for id, _ in out}
        if len(tasks) != 1 or not tasks.issubset(CLASHES[scenario.clashes]):
            wrong.append(f"all but one of the tasks that conflict should be in, and in is {sorted(landed)}")
    states = [_document(ran).get("state") for ran in runs]
    if scenario.on_partial == "wait" and {"rolled-back", "rolling-back"} & set(states):
        wrong.append(f"rolled back though --on-partial wait: {states}")
    wrong += _order(world)
    wrong += _history(scenario, world)
    if state == "landed" and not hands:
        wrong += _unchecked(scenario, world)
    ready = is_ready(world)
    if ready != (len(landed) == _count()) and not hands:
        wrong.append(
            f"what needs the level {'may' if ready else 'may not'} begin with {len(landed)} of {_count()} in"
        )
    return wrong


def _count() -> int:
    return sum(len(where) for where in WORK.values())


def _landed(world: World) -> set[Place]:
    files = {name: world.remote(name).files("main") for name in SERVICES}
    return {(id, name) for id, where in WORK.items() for name in where if f"task{id}.txt" in files[name]}


def _document(ran: Ran) -> dict[str, Any]:
    return ran.json if ran.out and ran.code in (0, 1) else {}


def _told(scenario: Scenario, landed: Collection[Place], ran: Ran) -> list[str]:
    """Whether the report of a run that ended by itself says what is in the bases."""
    document = _document(ran)
    if "repositories" not in document:
        return []
    told = {
        (one["task"], name) for name, report in document["repositories"].items() for one in report["landed"]
    }
    # Nothing says what a merge by hand was of whose branch is gone, and which nobody had recorded.
    unknown = {scenario.first} if {"merges", "deletes"} <= set(scenario.hazards) else set()
    unknown |= {scenario.second} if "conflicts" in scenario.hazards else set()
    others = {key for key in set(landed) ^ told if key[1] not in unknown}
    return [f"landed is {sorted(landed)}, and the report says {sorted(told)}"] if others else []


def _unfinished(scenario: Scenario, last: dict[str, Any], landed: Collection[Place]) -> list[str]:
    state, wrong = last.get("state"), []
    if state not in ("landed", "rolled-back", "waiting"):
        wrong.append(f"nothing goes wrong any more, and it is {state}: {last.get('reason')}")
    if state != "landed" and landed:
        wrong.append(f"{state}, and half landed: {sorted(landed)}")
    if scenario.on_partial == "wait" and state != "landed":
        wrong.append(f"wait ended as {state}: {last.get('reason')}")
    return wrong


def _order(world: World) -> list[str]:
    """Later tasks of `web` need the other repositories, so that their bases have to move before its own."""
    moved = world.moved()
    before = moved[: moved.index("web")] if "web" in moved else list(SERVICES)
    missing = [name for name in ("schema", "api") if name in moved and name not in before]
    return [f"web landed before {' and '.join(missing)}"] if missing else []


def _unchecked(scenario: Scenario, world: World) -> list[str]:
    """The bases whose files the check of all repositories has not seen."""
    if not scenario.checked:
        return []
    seen = world.seen.read_text().splitlines() if world.seen.exists() else []
    trees = {name: world.remote(name).git("rev-parse", "main^{tree}") for name in SERVICES}
    unseen = [name for name, tree in trees.items() if f"{name} {tree}" not in seen]
    return [f"the check did not see what {' and '.join(unseen)} came to"] if unseen else []


def _history(scenario: Scenario, world: World) -> list[str]:
    """What the histories of the bases show to be landed twice, or lost."""
    wrong = []
    for id, name in ((id, name) for id, where in WORK.items() for name in where):
        remote, path = world.remote(name), f"task{id}.txt"
        log = ("log", "--first-parent", "--format=%H", "main", "--", path)
        added = remote.git(*log[:2], "--diff-filter=A", *log[2:]).split()
        gone = remote.git(*log[:2], "--diff-filter=D", *log[2:]).split()
        if len(added) - len(gone) not in (0, 1) or len(added) > 1 + len(gone):
            wrong.append(f"task {id} landed {len(added)} times in {name}")
        head = world.services.heads[id, name]
        kept = remote.git("for-each-ref", f"--contains={head}", "--format=%(refname)", "refs/")
        if not kept and "deletes" not in scenario.hazards:
            wrong.append(f"the work of task {id} is lost in {name}")
    pushed = "pushes" in scenario.hazards and world.did(scenario.first, "push").exists()
    if pushed and "person.txt" not in world.remote(scenario.second).files("main"):
        wrong.append("what a person pushed is lost")
    return wrong
