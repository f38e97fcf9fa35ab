"""What landing says around pull requests: labels, reviewers, and comments on what was deferred.

None of it is worth stopping a landing for: what the forge does not take is told, and the run goes on.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from gitcoord.errors import GitcoordError
from gitcoord.events import PullOpened, PullReady, TaskDeferred
from gitcoord.forge.port import Extras, Pull
from gitcoord.git.run import Oid
from gitcoord.merging.context import LandingContext
from gitcoord.merging.model import Carrier, LandingSnapshot
from gitcoord.merging.wording import deferral_text, settled_text, unwanted_text
from gitcoord.state.journal import now, worker_name
from gitcoord.tasks.model import TaskId

_NOT_WORTH_STOPPING = ("not-changed", "not-found", "no-permission")


def add_extras(scene: LandingContext, number: int) -> str:
    """Labels a pull request and asks for reviews, as the settings say; returns what did not work."""
    wanted = scene.options.pulls
    extras = Extras(labels=wanted.labels, reviewers=wanted.reviewers, team_reviewers=wanted.team_reviewers)
    return "" if extras == Extras() else try_to(lambda: scene.forge.add_extras(number, extras))


def made_ready(scene: LandingContext, carrier: Carrier, pull: Pull) -> Pull:
    """The pull request, no draft any more if gitcoord opened it as one; once, so that people may undo it."""
    told = [entry.event for entry in scene.store.journal() if entry.event is not None]
    before = any(isinstance(event, PullReady) and event.pull == pull.number for event in told)
    adopted = any(
        isinstance(event, PullOpened) and event.pull == pull.number and event.adopted for event in told
    )
    if not pull.draft or not scene.options.pulls.draft or before or adopted:
        return pull
    if scene.forge.make_ready(pull.number) is not None:
        return pull
    events = [PullReady(at=now(), by=worker_name(), task=task, pull=pull.number) for task in carrier.tasks]
    scene.store.record_all([(event, lambda before: False) for event in events])
    return scene.forge.read_pull(pull.number)


def tell_deferred(scene: LandingContext, world: LandingSnapshot, event: TaskDeferred) -> str:
    """Comments on the pull request of a task that is deferred; returns what did not work."""
    task = TaskId(event.task or "")
    branch, work = world.level_branch, world.work(task)
    pull = branch.pull if branch is not None else work.pull
    if pull is None or pull.state != "open":
        return ""
    number = pull.number
    return try_to(lambda: scene.forge.say(number, _topic(task), deferral_text(scene, event)))


def tell_settled(scene: LandingContext, world: LandingSnapshot, commits: Mapping[TaskId, Oid]) -> str:
    """Edits the comments on tasks that had been deferred and have landed; returns what did not work.

    `commits` are the commits of the base that brought them in.
    """
    events = (entry.event for entry in scene.store.journal())
    deferred = {event.task: event for event in events if isinstance(event, TaskDeferred)}
    problems = set()
    for task in (task for task in commits if task in deferred):
        work, text = world.work(task), settled_text(scene, deferred[task], commits[task])
        for pull in (known.current for known in world.pulls.values()):
            if pull is not None and (world.level_branch is not None or pull.head == work.branch):
                problems.add(try_to(lambda: _edit(scene, pull, task, text)))  # noqa: B023 - called at once
    return "; ".join(sorted(problems - {""}))


def close_unwanted(scene: LandingContext, world: LandingSnapshot, tasks: Sequence[TaskId]) -> str:
    """Closes pull requests that were opened before a no to their work was seen; returns what did not work."""
    rejections = (world.work(task).rejection for task in tasks)
    unseen = {one.pull.number: one.unseen for one in rejections if one is not None and one.unseen is not None}
    problems = set()
    for number, pull in unseen.items():
        scene.forge.close_pull(number)
        text = unwanted_text(pull, scene.plan.base)
        problems.add(try_to(lambda: scene.forge.say(number, "unwanted", text)))  # noqa: B023 - called at once
    return "; ".join(sorted(problems - {""}))


def _edit(scene: LandingContext, pull: Pull, task: TaskId, text: str) -> None:
    scene.forge.say(pull.number, _topic(task), text, only_again=True)


def _topic(task: TaskId) -> str:
    """The comment's name in its hidden marker: a task's id may have anything in it."""
    return f"deferred-{hashlib.sha256(task.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def try_to(say: Callable[[], None]) -> str:
    """Says something that is not worth stopping for; returns what did not work."""
    try:
        say()
    except GitcoordError as error:
        if error.code not in _NOT_WORTH_STOPPING:
            raise
        return error.message
    return ""
