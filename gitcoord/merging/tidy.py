"""Deleting the branches of what has landed: only those whose tip is what landed, each by compare-and-swap."""

from collections.abc import Iterator

from gitcoord.errors import GitcoordError
from gitcoord.git.checked_out import worktrees
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS, Update
from gitcoord.merging.model import World
from gitcoord.merging.observe import Scene
from gitcoord.merging.rounds import finished_rounds, known_rounds


def delete_spent(scene: Scene, world: World) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Deletes the branches of the level that have nothing more to give; returns them, and what did not work.

    Pull requests onto a branch are moved to the base first: without their base they would be closed.
    """
    deleted, problems = [], []
    for branch, tip in _spent(scene, world):
        try:
            scene.forge.retarget(branch, world.base)
            moved = scene.shared.publish([Update(HEADS + branch, tip, None)])
        except GitcoordError as error:
            if error.code not in ("push-refused", "not-changed"):
                raise
            problems.append(f"{branch} is not deleted: {error.message}")
            continue
        if moved:
            deleted.append(branch)
    return tuple(deleted), tuple(problems)


def _spent(scene: Scene, world: World) -> Iterator[tuple[str, Oid]]:
    tips = scene.shared.branches()
    # Without a remote the branch that somebody has checked out is theirs.
    taken = {} if scene.shared.remote else worktrees(scene.repository.git)
    for work in world.works:
        tip = tips.get(work.branch)
        if work.landing is None or tip is None or HEADS + work.branch in taken:
            continue
        if tip == work.landing.head or scene.ancestry.contains(world.base_commit, tip):
            yield work.branch, tip
    finished = finished_rounds(scene.level, scene.store.progress())
    for name in known_rounds(scene.level, tips, finished):
        if name not in tips:
            continue
        landed = scene.ancestry.contains(world.base_commit, tips[name])
        merged = world.pulls.get(name)
        squashed = merged is not None and merged.state == "merged" and merged.head_commit == tips[name]
        if (landed or squashed) and HEADS + name not in taken:
            yield name, tips[name]
