"""Adds labels, reviewers and comments to pull requests.

If the forge refuses, the landing continues with a warning.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import PullOpened, PullReady, TaskDeferred
from gitcoord.forge.pull_requests import Extras, Pull
from gitcoord.git.git_cli import Oid
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.pull_templates import deferral_text, settled_text, unwanted_text
from gitcoord.tasks.model import TaskId

_NOT_WORTH_STOPPING = ("not-changed", "not-found", "no-permission")


def add_extras(context: LandingContext, number: int) -> str:
    """Adds the settings' labels and reviewers to a pull request; returns the problem, if any."""
    wanted = context.options.pulls
    extras = Extras(labels=wanted.labels, reviewers=wanted.reviewers, team_reviewers=wanted.team_reviewers)
    return "" if extras == Extras() else try_to(lambda: context.forge.add_extras(number, extras))


def made_ready(context: LandingContext, carrier: Carrier, pull: Pull) -> Pull:
    """Marks a draft that gitcoord opened as ready for review; returns its new state.

    Does so only once: people may make it a draft again.
    """
    told = [entry.event for entry in context.store.journal() if entry.event is not None]
    before = any(isinstance(event, PullReady) and event.pull == pull.number for event in told)
    adopted = any(
        isinstance(event, PullOpened) and event.pull == pull.number and event.adopted for event in told
    )
    if not pull.draft or not context.options.pulls.draft or before or adopted:
        return pull
    if context.forge.make_ready(pull.number) is not None:
        return pull
    events = [PullReady(at=now(), by=worker_name(), task=task, pull=pull.number) for task in carrier.tasks]
    context.store.record_all([(event, lambda before: False) for event in events])
    return context.forge.read_pull(pull.number)


def tell_deferred(context: LandingContext, snapshot: LandingSnapshot, event: TaskDeferred) -> str:
    """Comments on the pull request of a deferred task; returns the problem, if any."""
    task = TaskId(event.task or "")
    branch, work = snapshot.level_branch, snapshot.work(task)
    pull = branch.pull if branch is not None else work.pull
    if pull is None or pull.state != "open":
        return ""
    number = pull.number
    return try_to(lambda: context.forge.say(number, _topic(task), deferral_text(context, event)))


def tell_settled(context: LandingContext, snapshot: LandingSnapshot, commits: Mapping[TaskId, Oid]) -> str:
    """Edits the comments about deferred tasks that have now landed; returns the problems.

    `commits` are the commits of the base that landed them.
    """
    events = (entry.event for entry in context.store.journal())
    deferred = {event.task: event for event in events if isinstance(event, TaskDeferred)}
    problems = set()
    for task in (task for task in commits if task in deferred):
        work, text = snapshot.work(task), settled_text(context, deferred[task], commits[task])
        for pull in (known.current for known in snapshot.pulls.values()):
            if pull is not None and (snapshot.level_branch is not None or pull.head == work.branch):
                problems.add(try_to(lambda: _edit(context, pull, task, text)))  # noqa: B023 - called at once
    return "; ".join(sorted(problems - {""}))


def close_unwanted(context: LandingContext, snapshot: LandingSnapshot, tasks: Sequence[TaskId]) -> str:
    """Closes pull requests that gitcoord opened before it saw a rejection of their work; returns problems."""
    rejections = (snapshot.work(task).rejection for task in tasks)
    unseen = {one.pull.number: one.unseen for one in rejections if one is not None and one.unseen is not None}
    problems = set()
    for number, pull in unseen.items():
        context.forge.close_pull(number)
        text = unwanted_text(pull, context.plan.base)
        problems.add(try_to(lambda: context.forge.say(number, "unwanted", text)))  # noqa: B023 - called at once
    return "; ".join(sorted(problems - {""}))


def _edit(context: LandingContext, pull: Pull, task: TaskId, text: str) -> None:
    context.forge.say(pull.number, _topic(task), text, only_again=True)


def _topic(task: TaskId) -> str:
    """Returns the topic for the comment's hidden marker: a hash of the task's id, which may be any text."""
    return f"deferred-{hashlib.sha256(task.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def try_to(say: Callable[[], None]) -> str:
    """Calls `say`; returns the message of an error that need not stop the landing, else ""."""
    try:
        say()
    except GitcoordError as error:
        if error.code not in _NOT_WORTH_STOPPING:
            raise
        return error.message
    return ""
