"""The special cases of landing for adopted heads, which belong to other people."""

import msgspec

from gitcoord.event_stamp import now, worker_name
from gitcoord.events import PullRetargeted
from gitcoord.landing.adopted_words import fork_words
from gitcoord.landing.context import LandingContext
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.model import LandingSnapshot, TaskState
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.observation_cache import ObservationCache
from gitcoord.landing.post_comments import try_to
from gitcoord.landing.steps import Retarget


def owners_of(context: LandingContext) -> list[str]:
    """Returns the branches of adopted heads that land through a pull request other than their own."""
    if not context.plan.adopted or context.options.strategy == "multi-pr":
        return []
    return [context.plan.tasks[task].branch for task in context.level.tasks]


def fork_is_behind(context: LandingContext, snapshot: LandingSnapshot, work: TaskState) -> str:
    """Returns why a fork's head waits: its owner must merge the base. Says so on its pull request, too."""
    reason = fork_words(work.branch, snapshot.base)
    if work.pull is not None:
        number, asked = work.pull.number, fork_words("this branch", snapshot.base).capitalize()
        text = f"**Waiting.** {asked}."
        try_to(lambda: context.forge.say(number, "fork", text))
    return reason


def retarget(
    context: LandingContext,
    snapshot: LandingSnapshot,
    step: Retarget,
    memory: LandingMemory,
    cache: ObservationCache,
    notices: LandingNotices,
) -> None:
    """Changes the base of the pull requests of `step`, whose base branch has landed; records each change.

    Adds the pull requests to `memory.retargeted`, even if the forge did not change their base.
    """
    for task, pull in step.pulls:
        memory.retargeted.add(pull.number)
        if context.forge.retarget(pull.base, snapshot.base, [pull.number]):
            event = PullRetargeted(
                at=now(), by=worker_name(), task=task, pull=pull.number, before=pull.base, base=snapshot.base
            )
            context.store.record(event)
            notices.recorded(event)
            # With the old base in the cache it would look as if a person had rejected the work.
            cache.learn(msgspec.structs.replace(pull, base=snapshot.base))
        else:
            cache.forget()
