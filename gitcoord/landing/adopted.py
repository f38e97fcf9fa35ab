"""What landing does otherwise for heads that are other people's, and what it says to them."""

from gitcoord.events import PullRetargeted
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import LandingSnapshot, Retarget, TaskState
from gitcoord.landing.pull_comments import try_to
from gitcoord.planning.model import Plan
from gitcoord.state.journal import now, worker_name


def fork_is_behind(context: LandingContext, snapshot: LandingSnapshot, work: TaskState) -> str:
    """Tells the owner of a fork, whose branch nobody else moves, what is missing; returns that."""
    reason = fork_words(work.branch, snapshot.base)
    if work.pull is not None:
        number, asked = work.pull.number, fork_words("this branch", snapshot.base).capitalize()
        text = f"**Waiting.** {asked}."
        try_to(lambda: context.forge.say(number, "fork", text))
    return reason


def retarget(context: LandingContext, snapshot: LandingSnapshot, step: Retarget) -> list[PullRetargeted]:
    """Moves pull requests of tasks that went onto branches which have landed to the base."""
    events = []
    for task, pull in step.pulls:
        if context.forge.retarget(pull.base, snapshot.base, [pull.number]):
            event = PullRetargeted(
                at=now(), by=worker_name(), task=task, pull=pull.number, before=pull.base, base=snapshot.base
            )
            context.store.record(event)
            events.append(event)
    return events


def rewritten_words(plan: Plan, branch: str) -> str:
    """Why work waits whose branch lacks the commits that were taken for it."""
    if plan.adopted:
        return f"{branch} was rewritten while it was landing; run the same command again to land it so"
    return f"{branch} was rewritten after it was submitted; submit it again"


def fork_words(branch: str, base: str) -> str:
    """Why a head in a fork waits that has to have the base merged in."""
    return (
        f"it has to have {base} merged in first, and gitcoord does not push to forks: "
        f"whoever owns {branch} merges {base} into it"
    )
