"""Pull requests kept in the repository itself, over a real bare remote and two clones."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.local import LocalForge
from gitcoord.forge.pull_requests import BranchPulls, Merged, MergeRequest, Method, NewPull, Pull, Refused
from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import SharedRefs
from tests.support.repos import Repo

LINES = "1\n2\n3\n4\n5\n"


class World(NamedTuple):
    remote: Repo
    forge: LocalForge
    other: LocalForge


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Task branches `one` and `two` on main, both changing line 1; two forges, each in a clone of its own."""
    remote, first = Repo.pair(tmp_path, {"lines.txt": LINES})
    remote.commit({"lines.txt": LINES.replace("1", "one")}, "one", branch="one")
    remote.commit({"lines.txt": LINES.replace("1", "two")}, "two", branch="two")
    return World(remote, forge_in(first), forge_in(remote.clone(tmp_path / "other")))


def forge_in(clone: Repo) -> LocalForge:
    repository = locate(clone.path).open()
    shared = SharedRefs(repository, "refs/gitcoord/")
    shared.refresh()
    return LocalForge(repository, shared)


def opened(forge: LocalForge, head: str) -> Pull:
    pull = forge.open_pull(NewPull(head=head, base="main", title=f"Add {head}", body="Text"))
    assert isinstance(pull, Pull)
    return pull


def request(world: World, pull: Pull, method: Method = "merge") -> MergeRequest:
    head = world.remote.tip(pull.head)
    return MergeRequest(
        number=pull.number, head=head, base="main", method=method, title="Title", message="Text"
    )


def test_opening_again_adopts_wherever_it_is_tried(world: World) -> None:
    first = opened(world.forge, "one")
    assert opened(world.forge, "one") == first
    assert opened(world.other, "one") == first
    assert opened(world.other, "two").number == 2
    assert world.other.find_pulls(["one", "three"], "main") == {
        "one": BranchPulls(current=msgspec.structs.replace(first, mergeable=None))
    }
    assert first.mergeable is True


def test_the_text_can_be_changed_by_anyone(world: World) -> None:
    opened(world.forge, "one")
    opened(world.other, "one")
    world.other.edit_pull(1, body="Better")
    world.forge.edit_pull(1, title="Best")
    pull = world.forge.read_pull(1)
    assert (pull.title, pull.body) == ("Best", "Better")


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_merging_moves_base_and_record_together(method: Method, world: World) -> None:
    before = world.remote.tip("main")
    pull = opened(world.forge, "one")
    outcome = world.forge.merge_pull(request(world, pull, method))
    assert isinstance(outcome, Merged)
    assert world.remote.tip("main") == outcome.commit
    parents = world.remote.git("log", "-1", "--format=%P", "main").split()
    assert parents == ([before, world.remote.tip("one")] if method == "merge" else [before])
    assert world.remote.tree("main") == world.remote.tree("one")
    assert world.forge.read_pull(1).state == "merged"
    assert world.forge.merge_pull(request(world, pull, method)) == outcome
    assert world.remote.tip("main") == outcome.commit


def test_what_moved_or_conflicts_is_refused_and_changes_nothing(world: World) -> None:
    one, two = opened(world.forge, "one"), opened(world.forge, "two")
    stale = request(world, one)
    world.remote.commit({"more.txt": "more\n"}, "more", branch="one")
    world.remote.commit({"lines.txt": LINES.replace("1", "main")}, "outside")
    refs = world.remote.refs()
    lost = world.forge.merge_pull(stale)
    assert isinstance(lost, Refused)
    assert lost.kind == "retry"
    moved = world.forge.merge_pull(stale)
    assert isinstance(moved, Refused)
    assert moved.kind == "head-moved"
    conflict = world.forge.merge_pull(request(world, two))
    assert isinstance(conflict, Refused)
    assert conflict.kind == "conflict"
    assert world.forge.read_pull(2).mergeable is False
    assert world.remote.refs() == refs


def test_what_another_process_of_the_clone_has_fetched_in_part_is_read_again(
    world: World, tmp_path: Path
) -> None:
    first = opened(world.forge, "one")
    clone = world.remote.clone(tmp_path / "third")
    forge_in(clone)
    (copy,) = [ref for ref in clone.refs() if ref.endswith("/pulls/1")]
    for use in (LocalForge.read_pull, lambda forge, _: opened(forge, "one")):
        clone.git("update-ref", "-d", copy)
        repository = locate(clone.path).open()
        forge = LocalForge(repository, SharedRefs(repository, "refs/gitcoord/"))
        assert use(forge, 1) == first


def test_what_is_not_there_is_named(world: World) -> None:
    missing = world.forge.open_pull(NewPull(head="three", base="main", title="", body=""))
    assert missing == Refused(kind="unknown", message="The branch three does not exist.")
    with pytest.raises(GitcoordError, match="no pull request 9"):
        world.forge.read_pull(9)


def test_a_foreign_commit_among_the_pull_requests_is_reported_and_left(world: World) -> None:
    world.remote.git("update-ref", "refs/gitcoord/pulls/1", world.remote.tip("main"))
    forge = forge_in(world.remote.clone(world.remote.path.parent / "third"))
    with pytest.raises(GitcoordError, match="gitcoord did not write it") as raised:
        forge.find_pulls(["one"], "main")
    assert raised.value.code == "foreign-state"
