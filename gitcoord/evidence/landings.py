"""Which tasks have landed, by the evidence of git itself.

The journal only points at where to look: nothing is believed to have landed unless the base's history holds
it. Evidence, cheapest first: the work handed in is an ancestor of the base; the commit that was recorded as
its landing is, and names no work that was handed in since; a commit of the base that has what the work did
names it in a `Gitcoord-Landed` trailer (squash merges); the base has an equivalent of every one of its
commits (rebases); or it is part of other work that has landed so. What was rolled back since does not count
(`rollbacks.py`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from gitcoord.evidence.model import Landing
from gitcoord.evidence.rollbacks import find_rollbacks, stands
from gitcoord.evidence.trailers import LANDED, values
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.merges import merge_tree, paths_between, tree_of
from gitcoord.git.run import Git, Oid
from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.state.progress import PENDING, Progress
from gitcoord.tasks.model import TaskId

_STAMP = "%ae%x1f%at%x1f%s"


def landed_tasks(
    git: Git,
    *,
    base_commit: Oid,
    plan: Plan,
    progress: Mapping[TaskId, Progress],
    tips: Mapping[str, Oid],
    ancestry: Ancestry | None = None,
) -> dict[TaskId, Landing]:
    """The tasks of the plan that the base contains; `tips` maps branch names to commits.

    A branch that nobody recorded counts by its tip, unless that lies on the base's own first-parent line, or
    in the work of a task that it needs: then it is a branch that was just made.
    """
    ancestry = ancestry or Ancestry(git)
    made = just_stacked(ancestry, plan, progress, tips)
    heads = {task: head for task, head in _heads(plan, progress, tips).items() if task not in made}
    known = ancestry.existing({*heads.values(), *_recorded(progress)})
    inside = ancestry.contained(base_commit, known)
    main_line = _first_parents(git, base_commit, {heads[t] for t in heads if t not in progress} & inside)
    found: dict[TaskId, Landing] = {}
    elsewhere: dict[TaskId, Oid] = {}
    for task in plan.tasks:
        before = progress.get(task, PENDING)
        head = heads.get(task)
        claim = before.landing
        if claim is not None and claim.commit in inside:
            found[task] = Landing(commit=claim.commit, head=claim.head)
        elif head is None or before.stand == "started":
            continue
        elif head in inside:
            if task in progress or head not in main_line:
                found[task] = Landing(commit=head, head=head)
        elif head in known:
            elsewhere[task] = head
    brought = _brought_by(git, ancestry, base_commit, set(elsewhere.values()))
    found |= {task: Landing(commit=brought[h], head=h) for task, h in elsewhere.items() if h in brought}
    undone = find_rollbacks(git, ancestry, base_commit, progress)

    def standing(landings: Mapping[TaskId, Landing]) -> dict[TaskId, Landing]:
        told = {task: landings[task] for task in plan.tasks if task in landings}
        return {t: one for t, one in told.items() if stands(ancestry, undone.get(t, ()), one.commit)}

    landed = standing(found)
    left = {task: head for task, head in elsewhere.items() if task not in found}
    return standing(landed | _carried(ancestry, base_commit, landed, left))


def moved_on(
    ancestry: Ancestry,
    *,
    base_commit: Oid,
    plan: Plan,
    landed: Mapping[TaskId, Landing],
    tips: Mapping[str, Oid],
) -> dict[TaskId, Oid]:
    """The branch tips of landed tasks that hold commits on top of what has landed."""
    ahead = {
        task: tip
        for task, landing in landed.items()
        if (tip := tips.get(plan.tasks[task].branch)) is not None and tip != landing.head
    }
    inside = ancestry.contained(base_commit, set(ahead.values()))
    return {
        task: tip
        for task, tip in ahead.items()
        if tip not in inside and ancestry.contains(tip, landed[task].head)
    }


def _heads(plan: Plan, progress: Mapping[TaskId, Progress], tips: Mapping[str, Oid]) -> dict[TaskId, Oid]:
    heads: dict[TaskId, Oid] = {}
    for task, planned in plan.tasks.items():
        before = progress.get(task)
        parts = before is None and in_parts(planned, progress)
        head = before.head if before else None if parts else tips.get(planned.branch)
        if head is not None:
            heads[task] = head
    return heads


def in_parts(planned: PlannedTask, progress: Mapping[TaskId, Progress]) -> bool:
    """Whether somebody does the task subtask by subtask: before it is handed in, its branch is a part."""
    return any(part.id in progress for part in planned.subtasks)


def just_stacked(
    ancestry: Ancestry, plan: Plan, progress: Mapping[TaskId, Progress], tips: Mapping[str, Oid]
) -> set[TaskId]:
    """The tasks that nobody recorded whose branches hold nothing but the work of tasks that they build on."""
    heads = _heads(plan, progress, tips)
    return {
        task
        for task in heads.keys() - progress.keys()
        if any(ancestry.contains(heads[need], heads[task]) for need in _needed(plan, task) & heads.keys())
    }


def _needed(plan: Plan, task: TaskId) -> set[TaskId]:
    needed, todo = set[TaskId](), [task]
    while todo:
        new = {need for need in plan.tasks[todo.pop()].depends_on if need in plan.tasks} - needed
        needed |= new
        todo += new
    return needed


def _recorded(progress: Mapping[TaskId, Progress]) -> Iterable[Oid]:
    return (entry.landing.commit for entry in progress.values() if entry.landing is not None)


def _first_parents(git: Git, tip: Oid, wanted: Collection[Oid]) -> set[Oid]:
    if not wanted:
        return set()
    return set(git.lines("rev-list", "--first-parent", tip)) & set(wanted)


def _brought_by(git: Git, ancestry: Ancestry, base: Oid, heads: Collection[Oid]) -> dict[Oid, Oid]:
    """For heads that the base does not contain: its commit that holds their work all the same."""
    unknown = sorted(head for head in heads if not ancestry.recalls((base, head)))
    found = _search(git, base, unknown) if unknown else {}
    brought = {head: ancestry.remembered((base, head), partial(found.get, head)) for head in heads}
    return {head: commit for head, commit in brought.items() if commit is not None}


def _search(git: Git, base: Oid, heads: Sequence[Oid]) -> dict[Oid, Oid]:
    """All heads in a few processes; comparing patches is only for those that look copied."""
    root = git.probe("merge-base", "--octopus", base, *heads)
    fields = f"--format=%H%x1f{_STAMP}%x1f%B"
    named: dict[Oid, list[Oid]] = {}
    stamps = set()
    for line in _records(git, fields, f"{base}\n" + (f"^{root}\n" if root else "")):
        commit, email, time, subject, message = line.split("\x1f", 4)
        stamps.add((email, time, subject))
        for value in values(LANDED, message):
            named.setdefault(value.rpartition(" ")[2], []).append(commit)
    claims = {head: _first_able(git, named.get(head, ()), head) for head in heads}
    found = {head: commit for head, commit in claims.items() if commit is not None}
    left = [head for head in heads if head not in found]
    if not left:
        return found
    own = _records(git, f"--format={_STAMP}", "".join(f"{head}\n" for head in left) + f"^{base}\n")
    # A rebase keeps author, time and subject. Patches of a long history are expensive to compare.
    if stamps.isdisjoint(tuple(line.split("\x1f")) for line in own):
        return found
    twins = {head: _equivalent(git, base, head) for head in left}
    return found | {head: commit for head, commit in twins.items() if commit is not None}


def _first_able(git: Git, commits: Iterable[Oid], head: Oid) -> Oid | None:
    return next((commit for commit in commits if _could_bring(git, commit, head)), None)


def _could_bring(git: Git, commit: Oid, head: Oid) -> bool:
    """Whether the base's commit has what `head` did: words alone land nothing."""
    before = git.probe("rev-parse", "--verify", "--quiet", f"{commit}^1")
    fork = git.probe("merge-base", before, head) if before else None
    if before is None or fork is None:
        return True
    merged = merge_tree(git, commit, head)
    if merged.clean:
        return merged.tree == tree_of(git, commit)
    # Other work that landed in it changed the same lines: then it has to have changed what the work did.
    return not paths_between(git, fork, head).isdisjoint(paths_between(git, before, commit))


def _carried(
    ancestry: Ancestry, base_commit: Oid, found: Mapping[TaskId, Landing], heads: Mapping[TaskId, Oid]
) -> dict[TaskId, Landing]:
    """Work that was part of other work which landed by a squash or a rebase; the base lacks its commits."""
    carried: dict[TaskId, Landing] = {}
    own = ancestry.contained(base_commit, {landing.head for landing in found.values()}) if heads else set()
    for landing in found.values() if heads else ():
        if landing.head in own:
            continue
        inside = ancestry.contained(landing.head, set(heads.values()))
        carried |= {t: Landing(commit=landing.commit, head=h) for t, h in heads.items() if h in inside}
    return carried


def _records(git: Git, fields: str, revisions: str) -> list[str]:
    text = git.text(
        "log", "-z", "--topo-order", "--no-show-signature", fields, "--stdin", input=revisions.encode()
    )
    return [record.strip("\n") for record in text.split("\0") if record]


def _equivalent(git: Git, base: Oid, head: Oid) -> Oid | None:
    """The newest base commit that a rebase of `head` made, when every commit of `head` has its twin there."""
    options = ("rev-list", "--no-merges", "--cherry-mark", "--left-right")
    lines = git.text(*options, f"{base}...{head}").splitlines()
    marks = [line[0] for line in lines]
    if ">" in marks or "=" not in marks:
        return None
    outside = set(git.lines("rev-list", f"{base}..{head}"))
    twins = (line[1:] for line in lines if line[0] == "=" and line[1:] not in outside)
    return next(twins, None)
