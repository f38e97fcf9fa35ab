"""Asks the forge for the pull requests of a level, and applies people's decisions about them."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gitcoord.forge.pull_requests import BranchPulls, Forge, Pull
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Oid
from gitcoord.landing.context import LandingContext
from gitcoord.landing.level_branch_names import finished_rounds, known_rounds
from gitcoord.landing.model import KnownPulls, Options, TaskState
from gitcoord.landing.rejections import find_rejection, is_given_up
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.state.task_history import PENDING, Progress
from gitcoord.tasks.model import TaskId


def ask_pulls(
    forge: Forge,
    plan: Plan,
    level: PlannedLevel,
    options: Options,
    tips: Mapping[str, Oid],
    progress: Mapping[TaskId, Progress],
    known: KnownPulls,
) -> KnownPulls:
    """Returns the pull requests of the tasks' branches, and under single-PR those of every round.

    Does not ask for `known` ones. Under single-PR, people may also open pull requests for the tasks'
    branches, and merge or close them.
    """
    branches = {plan.tasks[task].branch: progress.get(task, PENDING) for task in level.tasks}
    if options.strategy == "multi-pr":
        return ask_branches(forge, plan.base, list(branches), known)
    finished = finished_rounds(level, progress)
    # The owner of an adopted head may close or merge its pull request even after the task has landed.
    own = [branch for branch, before in branches.items() if plan.adopted or before.landing is None]
    while True:
        rounds = known_rounds(level, tips, finished)
        asked = ask_branches(forge, plan.base, [*rounds, *own], known)
        given_up = {name for name in rounds if is_given_up(asked[name])}
        if given_up <= finished:
            return asked
        finished, known = finished | given_up, {**known, **asked}


def ask_branches(forge: Forge, base: str, heads: Sequence[str], known: KnownPulls) -> KnownPulls:
    """Returns the pull requests of these branches; asks the forge only for those not in `known`."""
    unknown = [head for head in heads if head not in known]
    found = forge.find_pulls(unknown, base) if unknown else {}
    return {head: known[head] if head in known else found.get(head, BranchPulls()) for head in heads}


def stranded_pulls(
    context: LandingContext, works: Sequence[TaskState], pulls: KnownPulls
) -> Iterator[tuple[TaskId, Pull]]:
    """Yields the open pull requests of adopted heads whose base branch has landed.

    GitHub changes their base automatically only when that branch is deleted.
    """
    landed = {work.branch for work in works if work.standing == "landed"} | context.spent
    for work in works if context.plan.adopted else ():
        known = pulls.get(work.branch, BranchPulls())
        if work.standing != "landed" and (known.current is None or known.current.state != "open"):
            yield from (
                (work.task, one) for one in known.others if one.state == "open" and one.base in landed
            )


def unless_rejected(
    ancestry: Ancestry,
    works: Sequence[TaskState],
    progress: Mapping[TaskId, Progress],
    *,
    base: str,
    base_commit: Oid,
    single: bool,
    adopted: bool,
    tips: Mapping[str, Oid],
    pulls: KnownPulls,
    inside: frozenset[str],
) -> list[TaskState]:
    """Makes ready works wait if a person closed their pull request or changed its base.

    Under single-PR a work can have several: those of all level branches, and those that people opened for
    its own branch. A pull request onto a level branch or one of `inside` does not count.
    """
    own = {work.branch for work in works}
    rounds = [name for name in pulls if name not in own]
    aside = inside.union(rounds) if single else frozenset()
    wanted = frozenset[int]().union(*(entry.opened_by_people for entry in progress.values()))

    def unless(work: TaskState) -> TaskState:
        before = progress.get(work.task, PENDING)
        for name in [*(rounds if single else []), *([work.branch] if work.branch in pulls else [])]:
            if work.standing != "ready" or work.head is None:
                break
            tip = tips.get(name)
            found = find_rejection(
                ancestry,
                _without(pulls[name], aside),
                base=base,
                head=work.head,
                tip=tip,
                before=before,
                base_commit=base_commit,
                wanted=wanted,
                own=[int(work.task)] if adopted and work.task.isdecimal() else (),
            )
            if found is not None:
                known = before.rejection
                same = known is not None and (known.head, known.reason) == (work.head, found.reason)
                same = same and found.unseen is None
                return msgspec.structs.replace(
                    work,
                    standing="waiting",
                    reason=found.reason,
                    needs="work",
                    pull=found.pull,
                    folded=False,
                    rejection=msgspec.structs.replace(found, journaled=same),
                )
        return work

    return [unless(work) for work in works]


def _without(pulls: BranchPulls, bases: frozenset[str]) -> BranchPulls:
    """Returns the pull requests of a branch, without those onto `bases`."""
    others = tuple(pull for pull in pulls.others if pull.base not in bases)
    return msgspec.structs.replace(pulls, others=others)
