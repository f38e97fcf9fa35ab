"""Finds out whether git can merge a carrier now, and whether the forge will. Moves no ref."""

from collections.abc import Collection

import msgspec

from gitcoord.conflicts.exclusive_paths import overtaken
from gitcoord.forge.pull_requests import BEHIND, Gate, Pull, Way
from gitcoord.git.bare_merge import differs_on_server
from gitcoord.git.merge_tree import TreeMerge, replay
from gitcoord.landing.context import LandingContext, stacks_on
from gitcoord.landing.generated_files import with_generated_files
from gitcoord.landing.model import Carrier, LandingSnapshot, MergeReadiness
from gitcoord.text_lists import named_tasks


def examine_in_git(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> MergeReadiness:
    """Examines the carrier with git only; sends nothing to the forge."""
    git = context.repository.git
    stacks = stacks_on(context, snapshot)
    merged = stacks.merge(git, carrier.head)
    if not merged.clean:
        return MergeReadiness(clean=False, paths=merged.paths, problem=merged.problem)
    apart = overtaken(git, context.options.book, stacks.base_for(git, carrier.head), carrier.head)
    if apart:
        return MergeReadiness(clean=False, paths=apart, exclusive=True)
    if (
        stacks.heads(git, carrier.head)
        or _lacks_earlier_wave(context, snapshot, carrier)
        or _differs_on_the_forge(context, snapshot, carrier, merged)
    ):
        return MergeReadiness(clean=True, behind=True)
    made = with_generated_files(git, context.maker, context.options.book, snapshot.base_commit, merged.tree)
    if made.problem:
        gate = Gate(name="regenerate", reason=made.problem, failed=True, final=not made.passing)
        return MergeReadiness(clean=True, gates=(gate,))
    if made.tree != merged.tree:
        on_base = context.ancestry.contains(carrier.head, snapshot.base_commit)
        tree = made.tree if on_base else ""
        return MergeReadiness(clean=True, behind=True, made_anew=made.paths, generated=tree)
    if context.options.method == "rebase":
        # A rebase does not regenerate files: the forge would merge each commit's version as text.
        bare, who = git.merging_everything(), context.repository.identity
        tip = replay(bare, snapshot.base_commit, carrier.head, environment=who)
        # A rebase drops merge commits, and silently loses the resolutions of conflicts in them.
        if tip is None or git.text("rev-parse", f"{tip}^{{tree}}") != merged.tree:
            return MergeReadiness(clean=True, gates=(_not_rebasable(carrier),))
    return MergeReadiness(clean=True, tree=merged.tree, made_anew=made.paths)


def with_forge_state(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, found: MergeReadiness, pull: Pull
) -> MergeReadiness:
    """Returns `found`, the result of git, with the forge's gates and the forge's own way to merge."""
    gates = context.forge.closed_gates(pull, context.options.method)
    return msgspec.structs.replace(
        found,
        behind=_is_behind(context, snapshot, carrier, gates),
        gates=gates,
        offer=_offer(context, pull, gates),
        handed_over=pull.merges_itself or any(gate.queue == "joined" for gate in gates),
    )


def why_left_to_forge(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, handed_over: Collection[str]
) -> str:
    """Returns why the carrier waits, or "". It waits if the forge merges others of its stack automatically.

    The forge would merge the carrier with them, without a check here.
    """
    heads = {
        work.task: work.head
        for work in snapshot.works
        if work.head is not None
        and work.standing == "ready"
        and work.task not in carrier.tasks
        and (work.branch in handed_over or (work.pull is not None and work.pull.merges_itself))
    }
    below = context.ancestry.contained(carrier.head, set(heads.values())) if heads else set()
    contains = context.ancestry.contains
    stack = [task for task, head in heads.items() if head in below or contains(head, carrier.head)]
    if not stack:
        return ""
    return f"it is in the same stack as {named_tasks(stack)}, which the forge merges automatically"


def _is_behind(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, gates: tuple[Gate, ...]
) -> bool:
    """Whether the base requires an up-to-date head, the carrier is behind, and there is no merge queue."""
    strict = any(gate.name == BEHIND for gate in gates) and not any(gate.queue for gate in gates)
    return strict and not context.ancestry.contains(carrier.head, snapshot.base_commit)


def _offer(context: LandingContext, pull: Pull, gates: tuple[Gate, ...]) -> Way | None:
    """Returns how the forge can merge a pull request itself: by its queue, else by auto-merge, else None.

    Auto-merge only waits, so it does not help with a gate that needs other commits, another method or a
    person. If only the merge method is wrong, GitHub even refuses auto-merge: "in clean status".
    """
    if any(gate.queue == "open" for gate in gates) and all(
        gate.queue or gate.name == BEHIND for gate in gates
    ):
        return "queue"
    waits = gates and not pull.draft and not any(gate.final or gate.queue == "joined" for gate in gates)
    return "auto-merge" if context.options.auto and waits and not pull.merges_itself else None


def number_of(carrier: Carrier) -> int:
    """Returns the number of a carrier's open pull request."""
    assert carrier.pull is not None  # noqa: S101 - a carrier is examined only with an open pull request
    return carrier.pull.number


def _lacks_earlier_wave(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> bool:
    if context.options.strategy == "single-pr" or context.plan.adopted:
        return False  # never push to other people's branches without need
    earlier = {
        work.landing.commit
        for work in snapshot.works
        if work.landing is not None and work.wave < carrier.wave
    }
    return len(context.ancestry.contained(carrier.head, earlier)) < len(earlier)


def _differs_on_the_forge(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, merged: TreeMerge
) -> bool:
    """Whether the result depends on merge drivers, such as union: gitcoord then merges the base in itself.

    GitHub supports no merge drivers, neither those of the settings nor those of `.gitattributes`.
    """
    git, base = context.repository.git, snapshot.base_commit
    return context.forge.name != "local" and differs_on_server(git, base, carrier.head, merged.tree)


def _not_rebasable(carrier: Carrier) -> Gate:
    return Gate(
        name="rebase",
        reason=f"rebasing {carrier.branch} gives a different tree than merging it; "
        "use --method merge or squash",
        failed=True,
        final=True,
    )
