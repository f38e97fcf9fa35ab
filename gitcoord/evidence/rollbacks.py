"""Which landings were rolled back, by the evidence of git itself.

A landing that was rolled back stays in the base's history, so that being there is not enough: it counts only
if it contains every rollback of its task. The journal points at where to look: at commits that were
proposed, and at those that took effect; a squash or a rebase of one is found by its `Gitcoord-Rolled-Back`
trailer and that it left nothing of the landing, or by its title and that it changed just what was proposed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, partial

from gitcoord.events import RollbackProposed, TaskRolledBack
from gitcoord.evidence.model import Rollback, Rollbacks
from gitcoord.evidence.trailers import ROLLED_BACK, values
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.merges import merge_tree, paths_between, tree_of
from gitcoord.git.run import Git, Oid
from gitcoord.git.writing import Writer
from gitcoord.state.journal import now, worker_name
from gitcoord.state.progress import Progress, after
from gitcoord.tasks.model import TaskId

TITLE = "Roll back "


def find_rollbacks(
    git: Git, ancestry: Ancestry, base_commit: Oid, progress: Mapping[TaskId, Progress]
) -> dict[TaskId, list[Rollback]]:
    """Every rollback that the base holds, by task, oldest first."""
    told = {task: entry.rollbacks for task, entry in progress.items() if entry.rollbacks}
    inside = ancestry.contained(base_commit, {event.commit for events in told.values() for event in events})
    copied = partial(_copied, git, ancestry, cache(partial(_claims, git, base_commit)))
    found: dict[TaskId, list[Rollback]] = {}
    for task, events in told.items():
        same: dict[tuple[Oid, Oid], list[RollbackProposed | TaskRolledBack]] = {}
        for event in events:
            same.setdefault((event.head, event.start), []).append(event)
        here = [one for copies in same.values() if (one := _confirmed(copies, inside, copied)) is not None]
        if here:
            found[task] = here
    return found


def stands(ancestry: Ancestry, rollbacks: Sequence[Rollback], *evidence: Oid) -> bool:
    """Whether what these commits brought has not been taken back since."""
    return all(ancestry.contains(commit, one.commit) for commit in evidence for one in rollbacks)


def with_rollbacks(
    ancestry: Ancestry, progress: Mapping[TaskId, Progress], rollbacks: Rollbacks
) -> dict[TaskId, Progress]:
    """The journal's word, corrected by rollbacks that git shows and nobody has recorded yet."""
    corrected = dict(progress)
    for task, found in rollbacks.items():
        for one in found:
            landing = corrected[task].landing
            again = landing is not None and stands(ancestry, [one], landing.commit)
            if not one.recorded and not again:
                corrected[task] = after(corrected[task], rolled_back_event(task, one))
    return corrected


def rolled_back_event(task: TaskId, rollback: Rollback, pull: int | None = None) -> TaskRolledBack:
    """The journal's entry for a rollback that git shows."""
    return TaskRolledBack(
        at=now(),
        by=worker_name(),
        task=task,
        head=rollback.head,
        start=rollback.start,
        commit=rollback.commit,
        pull=pull,
    )


def _confirmed(
    copies: Sequence[RollbackProposed | TaskRolledBack],
    inside: Collection[Oid],
    copied: Callable[[RollbackProposed], Oid | None],
) -> Rollback | None:
    """The rollback of one landing, proposed more than once perhaps, as far as the base holds it."""
    first = copies[0]
    done = [event.commit for event in copies if isinstance(event, TaskRolledBack) and event.commit in inside]
    commits = done or [event.commit for event in copies if event.commit in inside]
    if not commits:
        found = (copied(event) for event in copies if isinstance(event, RollbackProposed))
        commits = [commit for commit in found if commit is not None]
    if not commits:
        return None
    return Rollback(commit=commits[-1], head=first.head, start=first.start, recorded=bool(done))


def _claims(git: Git, base_commit: Oid, since: Oid) -> list[tuple[Oid, list[str]]]:
    """The commits of `since..base_commit` that look like rollbacks, newest first, and what they name."""
    wanted = (f"--grep=^{ROLLED_BACK}: ", f"--grep=^{TITLE}")
    options = ("log", "-z", "--topo-order", "--no-show-signature", *wanted, "--format=%H%n%B")
    text = git.probe(*options, "--end-of-options", f"{since}..{base_commit}")
    found = (record.strip("\n").partition("\n") for record in filter(None, (text or "").split("\0")))
    return [(commit, values(ROLLED_BACK, message)) for commit, _, message in found]


def _copied(
    git: Git,
    ancestry: Ancestry,
    claims: Callable[[Oid], list[tuple[Oid, list[str]]]],
    event: RollbackProposed,
) -> Oid | None:
    """The newest commit of the base that did what was proposed, under another id."""
    name = f"{event.task} {event.head}"
    for commit, named in claims(event.base):
        if name not in named and (named or not ancestry.existing({event.commit})):
            continue
        prove = _leaves_nothing if named else _does_the_same
        key = ("taken back", commit, event.commit, event.landing, event.start)
        if ancestry.remembered(key, partial(_if_true, commit, partial(prove, git, commit, event))):
            return commit
    return None


def _if_true(commit: Oid, proved: Callable[[], bool]) -> Oid | None:
    return commit if proved() else None


def _leaves_nothing(git: Git, commit: Oid, event: RollbackProposed) -> bool:
    """Whether the base after `commit` has nothing of a landing: words alone take nothing back."""
    if not event.landing:
        return True  # proposed before that was recorded
    after = tree_of(git, commit)
    with git.quarantine() as aside:
        writer = Writer(aside, commit)
        sides = [writer.commit(tree, [event.landing]) for tree in (after, tree_of(git, event.start))]
        merged = merge_tree(aside, *sides)
    if merged.clean:
        return merged.tree == after
    # The lines around have changed since: then it has to have changed what the landing did.
    parent = git.probe("rev-parse", "--verify", "--quiet", f"{commit}^1")
    landed = paths_between(git, event.start, event.landing)
    return parent is not None and not landed.isdisjoint(paths_between(git, parent, commit))


def _does_the_same(git: Git, commit: Oid, event: RollbackProposed) -> bool:
    """Whether a commit of the base did to its parent what merging the proposed one does."""
    parent = git.probe("rev-parse", "--verify", "--quiet", f"{commit}^1")
    merged = merge_tree(git, parent, event.commit) if parent else None
    return merged is not None and merged.tree == tree_of(git, commit)
