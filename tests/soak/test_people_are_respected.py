"""The soak's judge of what people did: what GitHub cannot guard is nobody's fault, all the rest is."""

import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal

import pytest
from requests.exceptions import ConnectionError

from tests.emulator.api import Api
from tests.soak.drawing.deeds import Kind, make_deed
from tests.soak.drawing.scenario import make_scenario
from tests.soak.drawing.surroundings import Surroundings
from tests.soak.judging.people import Decision, Record, Unseen, Words
from tests.soak.judging.verdict import Judge, merges_crossed
from tests.soak.playing.deeds import Deeds
from tests.soak.playing.host import Effects
from tests.soak.playing.world import OTHER_BASE, World
from tests.support.github.emulator import GitHubEmulator, LoggedRequest
from tests.support.github.fixtures import app, content, hub
from tests.support.github.person import Person
from tests.support.github.repository import EmulatedRepository
from tests.support.repos import Repo

__all__ = ["app", "content", "hub"]


@pytest.fixture
def record(hub: GitHubEmulator, app: EmulatedRepository, content: Repo) -> Record:
    for id in ("1", "2"):
        content.commit({f"work/{id}.txt": id}, branch=f"task-{id}")
    app.merges = effects = Effects(hub, app)
    return Record(hub, app, effects, "main")


def wrongs(record: Record, *, broken_off: bool = False, others_merge: bool = True) -> list[str]:
    moves = Counter[str]().__getitem__
    return [*record.wrongs(moves, [], others_merge=others_merge, broken_off=broken_off)]


def merge(client: Api, number: int) -> None:
    """Squash as soon as it is known that the branches merge."""
    while client.call("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})[0] == 405:
        time.sleep(0.02)


def decided(record: Record, number: int, *held: tuple[str, str, int], lasts: int | None = None) -> None:
    line = "POST /repos/acme/app/pulls"
    record.decisions.append(
        Decision(number, "closed", 0, line, lasts, number, 0, held=held, time=time.monotonic())
    )


@pytest.mark.parametrize("looks", [False, True])
def test_words_that_were_edited_after_a_clients_last_look_are_lost_without_its_fault(
    looks: bool, record: Record, app: EmulatedRepository
) -> None:
    client = Api(app)
    number = client.open_pull("task-1")
    client.call("GET", f"/pulls/{number}")
    Person(app, "lisa").edit(number, title="By lisa", body="Words of lisa.")
    record.words[number] = Words("By lisa", "Words of lisa.", time.monotonic())
    assert wrongs(record) == []
    if looks:
        client.call("GET", f"/pulls/{number}")
    client.call("PATCH", f"/pulls/{number}", {"body": "Written by a machine."})
    assert ["words" in wrong for wrong in wrongs(record)] == ([True] if looks else [])


@pytest.mark.parametrize("looks", [False, True])
def test_a_twin_of_what_a_person_closed_is_excused_if_nobody_could_know_and_it_is_closed_again(
    looks: bool, record: Record, app: EmulatedRepository
) -> None:
    client = Api(app)
    number = client.open_pull("task-1")
    Person(app, "lisa").close(number)
    decided(record, number)
    if looks:
        client.call("GET", "/pulls")
    twin = client.open_pull("task-1")
    assert bool(wrongs(record, broken_off=True)) is looks
    assert wrongs(record)
    client.call("PATCH", f"/pulls/{twin}", {"state": "closed"})
    assert bool(wrongs(record)) is looks


def test_what_was_decided_for_good_holds_for_each_task_until_that_one_has_moved(
    record: Record, app: EmulatedRepository
) -> None:
    number = Api(app).open_pull("task-1")
    moves = Counter({"task-1": 3})
    decided(record, number, ("1", "task-1", 3), ("2", "task-2", 0), lasts=1)
    assert not record.is_final(moves.__getitem__, [])
    record.decisions[0].lasts = None
    assert record.is_final(moves.__getitem__, [])
    moves["task-1"] += 1
    assert record.is_final(moves.__getitem__, [])
    assert not record.is_final(moves.__getitem__, ["work/2.txt"])
    moves["task-2"] += 1
    assert not record.is_final(moves.__getitem__, [])


def test_a_closed_rollback_stays_closed_whatever_is_pushed_to_the_branches_of_tasks(
    record: Record, app: EmulatedRepository, content: Repo, tmp_path: Path
) -> None:
    world = World(make_scenario(5), content, tmp_path)
    content.commit({"back.txt": "back"}, branch="rollback/level-0")
    number = Api(app).open_pull("rollback/level-0")
    Person(app, "lisa").close(number)
    decided(record, number)
    world.moved["feature/level-0-task-1"] += 1
    assert record.is_final(world.moves, [])
    twin = Api(app).open_pull("rollback/level-0")
    assert [*record.wrongs(world.moves, [], others_merge=True, broken_off=False)]
    assert twin != number


@pytest.mark.parametrize(
    ("second", "between", "excused"),
    [
        ("b", [], True),
        ("a", [], False),
        ("b", [("POST", "/acme/app.git/git-upload-pack", "a")], True),
        ("b", [("POST", "/acme/app.git/git-upload-pack", "b")], False),
    ],
)
def test_a_second_merge_of_what_stayed_open_is_excused_if_its_client_could_not_know(
    second: str, between: list[tuple[str, str, str]], excused: bool
) -> None:
    merge = ("PUT", "/repos/acme/app/pulls/1/merge")
    sent = [(*merge, "a"), *between, (*merge, second)]
    log = [LoggedRequest(method, path, 502, by) for method, path, by in sent]
    assert merges_crossed(log, 1) is excused
    assert not merges_crossed([*log, log[-1]], 1)


@pytest.mark.parametrize("fault", [None, "partial-merge", "late"])
@pytest.mark.parametrize("looks", [False, True])
def test_a_merge_into_where_a_person_moved_it_is_excused_if_its_client_had_not_looked_since(
    looks: bool,
    fault: Literal["partial-merge", "late"] | None,
    record: Record,
    hub: GitHubEmulator,
    app: EmulatedRepository,
    content: Repo,
) -> None:
    client = Api(app)
    app.null_answers = 0
    if fault is not None:
        hub.fault(r"PUT .*/merge$", fault)
    content.git("branch", "release", "main")
    number = client.open_pull("task-1")
    client.call("GET", f"/pulls/{number}")
    Person(app, "lisa").retarget(number, "release")
    record.decisions.append(
        Decision(number, "retargeted", 0, f"GET /pulls/{number}", None, number, 0, time=time.monotonic())
    )
    if looks:
        client.call("GET", f"/pulls/{number}")
    with nullcontext() if fault != "late" else pytest.raises(ConnectionError):
        merge(client, number)
    hub.postponed.finish()
    assert ["merged into release" in wrong for wrong in wrongs(record)] == ([True] if looks else [])


@pytest.mark.parametrize("moved", [False, True])
def test_a_second_merge_of_what_stayed_open_is_excused_if_the_first_one_went_into_another_base(
    moved: bool, record: Record, hub: GitHubEmulator, app: EmulatedRepository, content: Repo
) -> None:
    assert isinstance(app.merges, Effects)
    judge, client, lisa = Judge(make_scenario(1), hub, app, app.merges), Api(app), Person(app, "lisa")
    app.null_answers = 0
    content.git("branch", "release", "main")
    number = client.open_pull("task-1")
    if moved:
        lisa.retarget(number, "release")
    hub.fault(r"PUT .*/merge$", "partial-merge")
    merge(client, number)
    if moved:
        lisa.retarget(number, "main")
    merge(client, number)
    judge.forge()
    app.merges.clear()  # the emulator itself lets no test end with two
    assert [f"{number} was merged 2 times into main" in wrong for wrong in judge.violations] == (
        [] if moved else [True]
    )


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_commit_that_nobody_looked_at_is_excused_if_a_person_merged_it(
    by_hand: bool, record: Record, hub: GitHubEmulator, app: EmulatedRepository, content: Repo
) -> None:
    client = Api(app)
    app.null_answers = 0
    number = client.open_pull("task-1")
    commit = content.commit({"more.txt": "more"}, branch="task-1")
    record.unseen.append(Unseen(number, commit, len(hub.log)))
    if by_hand:
        record.by_hand[number] = Person(app, "mona").merge(number)
    else:
        merge(client, number)
    assert app.pulls[number].merged
    assert ["came after its last look" in wrong for wrong in wrongs(record, others_merge=False)] == (
        [] if by_hand else [True]
    )


def test_what_a_person_decided_twice_about_a_pull_request_is_taken_back_one_after_the_other(
    record: Record, hub: GitHubEmulator, app: EmulatedRepository, content: Repo, tmp_path: Path
) -> None:
    world = World(make_scenario(1), Repo(app.git_dir), tmp_path)
    people = Deeds(hub, app, world, record, note=print, failed=pytest.fail)
    content.git("branch", OTHER_BASE, "main")
    drawn = replace(make_deed(Random(1), "d", Surroundings(), 1), when="after", body="", nth=1)
    client = Api(app)
    number = client.open_pull("task-1")
    kinds: tuple[tuple[Kind, int], ...] = (("retarget", 1), ("close", 2))
    for kind, lasts in kinds:
        people.prepare((replace(drawn, kind=kind, request=r"GET .*/pulls/\d+$", lasts=lasts),))
        client.call("GET", f"/pulls/{number}")
    seen = []
    for _ in range(3):
        pull = app.pulls[number]
        seen.append((pull.state, pull.base, len(record.decisions)))
        people.come_by()
    assert seen == [("closed", OTHER_BASE, 2), ("closed", OTHER_BASE, 2), ("open", "main", 0)]
