"""Verifies that a merge by the forge gave the tree that was computed before."""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from gitcoord.errors import GitcoordError
from gitcoord.events import TaskHandedOver
from gitcoord.evidence.trailers import LANDED, values
from gitcoord.forge.pull_requests import Pull
from gitcoord.git.bare_merge import merge_on_server
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.merge_tree import STAMP, merge_tree, replay, tree_of
from gitcoord.git.object_reader import Objects
from gitcoord.landing.context import LandingContext
from gitcoord.landing.mergeability import number_of
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.perform_git import landings
from gitcoord.landing.steps import Merge
from gitcoord.tasks.model import TaskId

_FORGE = "noreply@github.com"
"""The committer of merges that GitHub makes, whoever asked for them."""


class SentMerges:
    """The merges that one run has sent. Verifies those with a lost answer once their tasks have landed.

    Only the client that sent a merge knows that its answer was lost, even if another one records the landing.
    """

    def __init__(self) -> None:
        self._unanswered: dict[tuple[int, Oid], tuple[LandingSnapshot, Merge]] = {}
        self._answered: set[tuple[int, Oid]] = set()

    def doubt(self, snapshot: LandingSnapshot, step: Merge) -> None:
        """Remembers a merge that was sent in `snapshot` and whose answer was lost."""
        self._unanswered[number_of(step.carrier), step.carrier.head] = (snapshot, step)

    def forget(self, carrier: Carrier) -> None:
        """Drops the merges of a carrier: from now on the forge decides when to merge it."""
        number = number_of(carrier)
        self._unanswered = {key: sent for key, sent in self._unanswered.items() if key[0] != number}

    def settle(self, carrier: Carrier) -> None:
        """Drops the merges of a carrier that were verified."""
        self.forget(carrier)
        self._answered.add((number_of(carrier), carrier.head))

    def prove_landed(self, context: LandingContext, snapshot: LandingSnapshot) -> None:
        """Verifies each unanswered merge whose landing is recorded in `snapshot`. Raises `tree-differs`."""
        for before, step in [*self._unanswered.values()]:
            works = [snapshot.work(task) for task in step.carrier.tasks]
            if all(work.standing == "landed" and work.journaled for work in works):
                self.settle(step.carrier)
                commit = _merge_of(context, snapshot, before, step)
                if commit is not None:
                    prove(context, step, commit)

    def prove_recorded(
        self, context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]
    ) -> None:
        """Verifies the landings of `tasks` whose merges this run has not sent. Raises `tree-differs`.

        The forge's queue or auto-merge made them, a person, or another run, which may have died or lost the
        answer. Whoever records a landing sees it first, and no later run looks at it again.
        """
        if context.forge.name == "local":
            return  # the local forge merges with gitcoord's own git
        carried = _pulls_of_landed(context, snapshot)
        for pull in {carried[task].number: carried[task] for task in tasks if task in carried}.values():
            key = (pull.number, pull.head_commit)
            own = tuple(task for task, one in carried.items() if one.number == pull.number)
            if key in self._unanswered or key in self._answered or not context.ancestry.existing({key[1]}):
                continue
            commit = pull.merge_commit or _last_landing(context, snapshot, own)
            heads = {landing.head for task in own if (landing := snapshot.work(task).landing) is not None}
            if (
                commit is not None
                and context.ancestry.contains(snapshot.base_commit, commit)
                and _is_merge_of(context, pull, commit, heads)
                and _is_by_forge(context, pull, commit, heads)
            ):
                _compare(context, pull.number, pull.head_commit, commit)


def prove(context: LandingContext, step: Merge, commit: Oid) -> None:
    """Compares the base's new tree with the computed one. Raises `tree-differs` with both ids.

    If the base had moved in between, computes the expected tree again from the merge's actual parent.
    """
    if context.ancestry.existing({commit}):
        _compare(context, number_of(step.carrier), step.carrier.head, commit, step.tree)


def _compare(context: LandingContext, number: int, head: Oid, commit: Oid, computed: Oid = "") -> None:
    actual = Objects(context.repository.git, context.repository.common_dir).tree(commit)
    if actual == computed:
        return
    expected = _expected_tree(context, head, commit, actual) or computed
    if expected in ("", actual):
        return
    raise GitcoordError(
        "tree-differs",
        f"Merging pull request {number} gave the tree {actual}, but {expected} was computed; the run stops "
        f"at {commit}.",
        hint=f"Compare them with `git diff {expected} {actual}`.",
    )


def _expected_tree(context: LandingContext, head: Oid, commit: Oid, actual: Oid) -> Oid | None:
    """Computes the tree of `commit` as a merge, a squash or the last commit of a rebase of `head`.

    Reads the method from the commit: a person or another client may have used another one. If the result is
    not the tree `actual`, merges as the forge does, without the rules and merge drivers of this clone.
    """
    git = context.repository.git
    copies = _copies(git, head, commit)
    start = git.probe("rev-parse", "--verify", "--quiet", f"{commit}~{max(copies, 1)}")
    if start is None:
        return None
    if copies:
        tip = replay(git.merging_everything(), start, head, environment=context.repository.identity)
        return tree_of(git, tip) if tip else None
    merged = merge_tree(git, start, head)
    if not merged.clean or merged.tree != actual:
        merged = merge_on_server(git, start, head)
    return merged.tree if merged.clean else None


def _copies(git: Git, head: Oid, commit: Oid) -> int:
    """Counts the commits, ending with `commit`, that a rebase of `head` has made; 0: it was no rebase."""
    left = _own(git, head, commit)
    line = ("log", "-z", "--no-show-signature", "--first-parent", f"--max-count={left.total()}")
    told = git.text(*line, f"--format=%P%x1f{STAMP}", commit) if left else ""
    parts = (one.strip("\n").partition("\x1f") for one in told.split("\0") if one)
    stamps = (stamp for parents, _, stamp in takewhile(lambda part: " " not in part[0], parts))
    count = 0
    for stamp in stamps:
        if left[stamp] == 0:
            break
        left[stamp] -= 1
        count += 1
    return count


def _own(git: Git, head: Oid, commit: Oid) -> Counter[str]:
    """Counts the stamps of the commits that are in `head` but not in `commit`."""
    own = ("log", "-z", "--no-show-signature", "--no-merges", f"--format={STAMP}", head, f"^{commit}")
    return Counter(filter(None, (one.strip("\n") for one in git.text(*own).split("\0"))))


def _merge_of(
    context: LandingContext, snapshot: LandingSnapshot, before: LandingSnapshot, step: Merge
) -> Oid | None:
    """Returns the base's commit that ended the merge of the sent head.

    Returns None if another head was merged (its sender has computed its tree), if the work landed in another
    way than by this pull request, or if the commit cannot be found.
    """
    carrier = step.carrier
    known = snapshot.pulls.get(carrier.branch)
    pull = None if known is None else known.current
    if pull is None or pull.number != number_of(carrier) or pull.state != "merged":
        pull = context.forge.read_pull(number_of(carrier))
    if pull.base != snapshot.base or pull.head_commit != carrier.head:
        return None
    commit = pull.merge_commit if pull.state == "merged" else _last_landing(context, snapshot, carrier.tasks)
    if commit is None or not context.ancestry.contains(snapshot.base_commit, commit):
        return None
    heads = {before.work(task).head or carrier.head for task in carrier.tasks}
    return commit if _is_merge_of(context, pull, commit, heads) else None


def _last_landing(context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]) -> Oid | None:
    """Returns the newest of the commits that landed `tasks`: an interrupted merge leaves no other trace."""
    brought = {event.commit for event in landings(context, snapshot, tasks).values()}
    return next((one for one in brought if context.ancestry.contained(one, brought) == brought), None)


def _pulls_of_landed(context: LandingContext, snapshot: LandingSnapshot) -> dict[TaskId, Pull]:
    """Returns the pull request that landed each task; an interrupted merge has left it open."""
    single = context.options.strategy == "single-pr"
    known = [one.current for one in snapshot.pulls.values() if one.current is not None]
    left = [pull for pull in known if pull.state == "open" and pull.base == snapshot.base]
    found: dict[TaskId, Pull] = {}
    for work in snapshot.works:
        landing = work.landing
        if work.pull is not None and work.pull.state == "merged":
            found[work.task] = work.pull
        elif landing is not None:
            own = (pull for pull in left if single or pull.head == work.branch)
            carriers = (pull for pull in own if context.ancestry.contains(pull.head_commit, landing.head))
            if (pull := next(carriers, None)) is not None:
                found[work.task] = pull
    return found


def _is_merge_of(context: LandingContext, pull: Pull, commit: Oid, heads: set[Oid]) -> bool:
    """Whether a commit merges only the pull request's head; `heads` are those of its tasks.

    The head may also have landed with other work, or by a push: GitHub then calls it merged, too.
    """
    git = context.repository.git
    parents = git.text("show", "--no-patch", "--no-show-signature", "--format=%P", commit).split()
    if len(parents) != 1:
        return pull.head_commit in parents[1:]
    if context.ancestry.contains(commit, pull.head_commit):
        return False
    if pull.state == "merged":
        return True
    if named := _named(git, commit):
        return named == heads
    own = _own(git, pull.head_commit, commit)
    return bool(own) and _copies(git, pull.head_commit, commit) == own.total()


def _is_by_forge(context: LandingContext, pull: Pull, commit: Oid, heads: set[Oid]) -> bool:
    """Whether the forge made the merge `commit`; a person may also make one by hand, in any way, and push it.

    Without a merge commit a pull request counts as merged only if the forge squashed or rebased it.
    """
    if not context.ancestry.contains(commit, pull.head_commit):
        return True
    git = context.repository.git
    committer = git.text("show", "--no-patch", "--no-show-signature", "--format=%cE", commit)
    if committer == _FORGE or _named(git, commit) == heads:
        return True
    handed = (entry.event for entry in context.store.journal() if isinstance(entry.event, TaskHandedOver))
    return (pull.number, pull.head_commit) in {(event.pull, event.head) for event in handed}


def _named(git: Git, commit: Oid) -> set[str]:
    """Returns the landed heads that a commit's message names."""
    said = values(LANDED, git.text("show", "--no-patch", "--no-show-signature", "--format=%B", commit))
    return {value.rpartition(" ")[2] for value in said}
