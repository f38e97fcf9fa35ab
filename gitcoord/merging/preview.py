"""What landing would do, step by step, without doing any of it: computed in memory from one look."""

from collections.abc import Iterator

from gitcoord.git.merges import commit_tree, merge_tree
from gitcoord.git.run import Git, Oid
from gitcoord.merging.model import Work, World
from gitcoord.merging.observe import Scene, observe


def preview(scene: Scene) -> list[str]:
    """A sentence for each step that a run would take now, in order."""
    world = observe(scene)
    with scene.repository.git.quarantine() as git:
        return list(_steps(scene, world, git))


def _steps(scene: Scene, world: World, git: Git) -> Iterator[str]:
    single = scene.options.strategy == "single-pr"
    tip, merged, held = world.base_commit, [], False
    for work in world.works:
        if work.standing == "landed":
            yield f"task {work.task} has landed already"
        elif work.standing == "deferred":
            yield f"task {work.task} stays deferred: {work.reason}"
        elif work.standing == "waiting":
            held = True
            yield f"task {work.task} would be waited for: {work.reason}"
        else:
            tip, sentences, done = _one(scene, world, work, git, tip)
            merged += [work] if done else []
            yield from sentences
    if single and merged and world.level_branch is not None:
        if held and not scene.options.partial:
            yield "nothing would be merged before the wave is complete (or with --partial)"
        else:
            yield f"open a pull request for {world.level_branch.name} and merge it into {world.base}"


def _one(scene: Scene, world: World, work: Work, git: Git, tip: Oid) -> tuple[Oid, list[str], bool]:
    head = work.head or ""
    outcome = merge_tree(git, tip, head)
    if not outcome.clean:
        return tip, [f"task {work.task} would be deferred: it conflicts in {', '.join(outcome.paths)}"], False
    commit = commit_tree(git, outcome.tree, [tip, head], "preview", environment=scene.repository.identity)
    if scene.options.strategy == "single-pr":
        name = world.level_branch.name if world.level_branch else ""
        return commit, [f"fold task {work.task} ({work.branch}) into {name}"], True
    steps = []
    if work.pull is None:
        steps.append(f"open a pull request for {work.branch} onto {world.base}")
    if work.wave > 1:
        steps.append(f"bring {work.branch} up to date with {world.base}")
    steps.append(f"merge {work.branch} (task {work.task}, wave {work.wave}) into {world.base}")
    return commit, steps, True
