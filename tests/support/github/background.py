"""What GitHub does in its own time: updates, asynchronous merges, auto-merge, the merge queue."""

from tests.support.github import mergeability, merging
from tests.support.github.exchange import ApiError
from tests.support.github.hooks import Hooks
from tests.support.github.merging import MergeCall
from tests.support.github.model import Pull
from tests.support.github.repository import EmulatedRepository, Late


def later(repository: EmulatedRepository, late: Late) -> None:
    """Puts work off; with no reads to wait for it is done at once."""
    if late.reads_left <= 0:
        late.run()
        return
    repository.late.append(late)


def progress(repository: EmulatedRepository, hooks: Hooks) -> None:
    """Goes on with everything that is due: called at every request."""
    repository.sync()
    due = []
    for late in repository.late:
        late.reads_left -= 1
        if late.reads_left < 0:
            due.append(late)
    repository.late = [late for late in repository.late if late not in due]
    for late in due:
        late.run()
        repository.sync()
    for pull in list(repository.pulls.values()):
        if pull.state == "open" and pull.queued is not None:
            _advance_queue(repository, pull, hooks)
        if pull.state == "open" and pull.auto_merge is not None:
            _merge_when_ready(repository, pull, hooks)


def find_out(repository: EmulatedRepository, pull: Pull) -> bool:
    """Whether a pull request merges, without waiting for the work to be done."""
    pull.mergeability.nulls_left = 0
    return bool(mergeability.ask(repository, pull))


def perform(repository: EmulatedRepository, pull: Pull, call: MergeCall, hooks: Hooks) -> str | None:
    """Merges; the reason why not otherwise."""
    find_out(repository, pull)
    try:
        merging.merge(repository, pull, call, hooks, break_off=False)
    except ApiError as error:
        return str(error.answer.body["message"])
    return None


def _advance_queue(repository: EmulatedRepository, pull: Pull, hooks: Hooks) -> None:
    entry = pull.queued
    first = min(
        (other.queued.id for other in repository.pulls.values() if other.queued and other.base == pull.base),
        default=0,
    )
    if entry is None or entry.id != first:
        return
    entry.reads_left -= 1
    if entry.reads_left >= 0:
        return
    call = MergeCall(repository.queue_method, entry.head_sha, None, None, by_queue=True)
    refusals = repository.queue_refusals
    why_not = refusals.pop(0) if refusals else perform(repository, pull, call, hooks)
    if why_not is not None:
        # What fails in the queue is taken out of it, and stays open.
        pull.queued, pull.thrown_out = None, (entry.head_sha, why_not)


def _merge_when_ready(repository: EmulatedRepository, pull: Pull, hooks: Hooks) -> None:
    wanted = pull.auto_merge
    if wanted is not None and not repository.hold_mergeability:
        call = MergeCall(wanted.method, None, wanted.title, wanted.message)
        perform(repository, pull, call, hooks)
