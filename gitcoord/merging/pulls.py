"""Performing the steps that go to the forge: open, examine, merge once, and prove what came out."""

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import PullOpened
from gitcoord.forge.port import Gate, Merged, Pull, Refused, Unclear
from gitcoord.git.merges import merge_tree, replay
from gitcoord.git.run import Oid
from gitcoord.merging.model import Carrier, Details, Examine, Merge, OpenPull, World
from gitcoord.merging.observe import Scene
from gitcoord.merging.texts import merge_request, new_pull
from gitcoord.state.journal import now, worker_name


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """The run cannot go on: the forge says that this user or this method may not merge here."""

    reason: str


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The carrier cannot merge for the time being."""

    reason: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is certain: look at the world again. `pause` says that a moment should pass first."""

    pause: bool = False
    message: str = ""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The base holds the carrier's work at `commit`."""

    commit: Oid


Outcome = Done | Held | Stop | Look


def open_pull(scene: Scene, world: World, step: OpenPull) -> Outcome | Pull:
    """Opens the carrier's pull request, or adopts the one that is there, and records it."""
    opened = scene.forge.open_pull(new_pull(scene, world, step.carrier))
    if isinstance(opened, Unclear):
        return Look(pause=True, message=opened.message)
    if isinstance(opened, Refused):
        if opened.kind == "not-allowed":
            return Stop(reason=opened.message)
        return Held(reason=f"its pull request cannot be opened: {opened.message}")
    for task in step.carrier.tasks:
        event = PullOpened(
            at=now(), by=worker_name(), task=task, pull=opened.number, branch=step.carrier.branch
        )
        scene.store.record(event, unless=lambda before: before.pull == opened.number)
    return opened


def examine(scene: Scene, world: World, step: Examine) -> Details:
    """Git's own merge onto the base as it is now; the forge is asked only about what merges."""
    carrier = step.carrier
    git = scene.repository.git
    merged = merge_tree(git, world.base_commit, carrier.head)
    if not merged.clean:
        return Details(clean=False, paths=merged.paths or (merged.problem,))
    tree = merged.tree
    if scene.options.method == "rebase":
        tip = replay(git, world.base_commit, carrier.head, environment=scene.repository.identity)
        if tip is None:
            return Details(clean=True, gates=(_not_rebasable(carrier),))
        tree = git.text("rev-parse", f"{tip}^{{tree}}")
    pull = scene.forge.read_pull(_number(carrier))
    seen = pull.head_commit == carrier.head and pull.mergeable is not None
    return Details(clean=True, tree=tree, gates=scene.forge.closed_gates(pull), settled=seen)


def merge(scene: Scene, world: World, step: Merge) -> Outcome:
    """Sends the merge once. Whatever the answer, the caller looks at the world again."""
    carrier, method = step.carrier, scene.options.method
    request = merge_request(world, carrier, _number(carrier), method)
    outcome = scene.forge.merge_pull(request)
    match outcome:
        case Merged():
            if not scene.ancestry.existing({outcome.commit}):
                scene.store.refresh()
            prove(scene, world, step, outcome.commit)
            return Done(commit=outcome.commit)
        case Unclear():
            return Look(pause=True, message=outcome.message)
        case Refused(kind="not-allowed"):
            return Stop(reason=outcome.message)
        case Refused(kind="head-moved"):
            return Look()
        case Refused(kind="retry" | "conflict"):
            # Git has just found it clean: the forge's opinion is stale, or the base has moved.
            return Look(pause=True, message=outcome.message)
        case _:
            return Held(reason=outcome.message)


def prove(scene: Scene, world: World, step: Merge, commit: Oid) -> None:
    """Compares the base's new tree with the one computed before; raises `tree-differs` with both ids.

    When the base had moved in between, the expectation is computed anew from the commit that was really
    merged onto.
    """
    git = scene.repository.git
    if not scene.ancestry.existing({commit}):
        return
    actual = git.text("rev-parse", f"{commit}^{{tree}}")
    if actual == step.tree:
        return
    expected = _expected_anew(scene, world, step, commit)
    if actual == expected:
        return
    raise GitcoordError(
        "tree-differs",
        f"Merging pull request {_number(step.carrier)} gave the tree {actual}, but {expected or step.tree} "
        f"was computed before; the run stops at {commit}.",
        hint=f"Compare them with `git diff {expected or step.tree} {actual}`.",
    )


def _expected_anew(scene: Scene, world: World, step: Merge, commit: Oid) -> Oid | None:
    git = scene.repository.git
    if scene.options.method == "rebase":
        picks = git.lines("rev-list", "--no-merges", f"{world.base_commit}..{step.carrier.head}")
        start = git.probe("rev-parse", "--verify", "--quiet", f"{commit}~{len(picks)}")
        tip = replay(git, start, step.carrier.head, environment=scene.repository.identity) if start else None
        return git.text("rev-parse", f"{tip}^{{tree}}") if tip else None
    start = git.probe("rev-parse", "--verify", "--quiet", f"{commit}^1")
    if start is None or start == world.base_commit:
        return None
    merged = merge_tree(git, start, step.carrier.head)
    return merged.tree if merged.clean else None


def _number(carrier: Carrier) -> int:
    assert carrier.pull is not None  # noqa: S101 - examined and merged only once it is open
    return carrier.pull.number


def _not_rebasable(carrier: Carrier) -> Gate:
    return Gate(
        name="rebase",
        reason=f"the commits of {carrier.branch} cannot be rebased one by one; use --method merge or squash",
        failed=True,
    )
