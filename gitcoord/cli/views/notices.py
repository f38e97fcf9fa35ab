"""Turns notices into sentences. No other module does."""

from collections.abc import Mapping, Sequence

from gitcoord.cli.views.output import count_of, say
from gitcoord.cli.views.times import duration, on_the_clock
from gitcoord.events import AnyEvent, PullOpened, TaskDeferred, TaskHandedOver, TaskLanded, TaskSubmitted
from gitcoord.notices import (
    AnyNotice,
    AttemptsEnding,
    BranchesDeleted,
    BranchHeld,
    BranchMerged,
    BranchRebuilt,
    Caution,
    CheckEnded,
    ChecksHeld,
    ChecksRunning,
    ClosingStep,
    ConfigurationPutBack,
    EventsRecorded,
    FilesRemade,
    ForgeAnswered,
    LandingFailed,
    LandingStopped,
    LogsRemoved,
    PlanKept,
    RefsPutBack,
    RollbackMerged,
    RollbackOpened,
    RollbackWaiting,
    RunEndTroubled,
    RunHindered,
    RunUnhindered,
    StartedAlthough,
    StartFailed,
    StartsHeld,
    SubmissionFailed,
    TaskHeld,
    TasksWaiting,
    WindowChosen,
)
from gitcoord.text_lists import named_tasks, some

_MOST_NAMED = 12
_CLOSING: Mapping[ClosingStep, str] = {
    "clear-up": "Cleanup failed in part",
    "record": "The end of the run could not be recorded",
    "show": "The state of the tasks could not be read",
}
_AGAIN: Mapping[str, str] = {
    "fetching": "The remote can be reached again.",
    "recording": "Events can be recorded again.",
    "looking": "The repository can be read again.",
}


def say_notice(notice: AnyNotice) -> None:
    """Prints one notice to stderr; prints nothing for a notice that only the dashboard shows."""
    sentence = notice_sentence(notice)
    if sentence:
        say(sentence)


def is_in_journal(notice: AnyNotice) -> bool:
    """Whether a display of the journal can leave the notice out: the journal has it, or it is routine."""
    routine = isinstance(notice, CheckEnded) and notice.outcome == "passed"
    return routine or isinstance(notice, EventsRecorded | BranchMerged | WindowChosen)


def asks_somebody(notice: AnyNotice) -> bool:
    """Whether a person has to act before the work continues."""
    if isinstance(notice, RunHindered):
        return notice.lasting
    return isinstance(notice, LandingFailed | LandingStopped | SubmissionFailed)


def notice_sentence(notice: AnyNotice) -> str:
    """Returns the notice as a sentence, without colour or time."""
    match notice:
        case EventsRecorded():
            return _events(notice.events)
        case BranchMerged():
            where = f"merged into {notice.base} as {notice.commit[:12]}"
            return f"{_named(notice.branch, notice.tasks)} {where}"
        case BranchHeld():
            return f"{_named(notice.branch, notice.tasks)} is held: {notice.reason}"
        case TasksWaiting():
            return "waiting: " + "; ".join(f"task {task}: {reason}" for task, reason in notice.reasons)
        case BranchRebuilt() | FilesRemade():
            return _rebuilt(notice)
        case ForgeAnswered():
            again = " Trying again." if notice.again else ""
            return f"{_named(notice.branch, notice.tasks)}: {notice.message}{again}"
        case WindowChosen() | CheckEnded() | ChecksRunning() | ChecksHeld():
            return _checks(notice)
        case LandingStopped():
            return f"stopping: {notice.reason}"
        case LandingFailed():
            return f"landing {notice.level}: {_with_hint(notice.message, notice.hint)}"
        case RollbackOpened() | RollbackMerged() | RollbackWaiting():
            return _rollback(notice)
        case Caution():
            return f"warning: {notice.message}"
        case _:
            return _run(notice)


def logs_sentence(verb: str, count: int, size: int, left: int) -> str:
    """Describes the removal of `count` logs of `size` bytes; the sentence begins with `verb`."""
    logs = "log of 1 old attempt" if count == 1 else f"logs of {count:,} old attempts"
    return (
        f"{verb} the {logs} ({_megabytes(size)}); {_megabytes(left)} stay. "
        "`keep-logs-days` and `keep-logs-megabytes` in the settings set the limits."
    )


def killed_sentence(attempt: str, keys: Sequence[str]) -> str:
    """Returns a sentence: the git configuration that a killed attempt changed was restored."""
    return (
        f"The worker of attempt {attempt} was killed; restored the configuration that its agent changed: "
        f"{some(keys)}"
    )


def running_sentence(attempt: str, keys: Sequence[str]) -> str:
    """Returns a sentence: the git configuration that a running attempt changed was restored."""
    return f"Restored the configuration that the agent of the running attempt {attempt} changed: {some(keys)}"


def _run(
    notice: StartedAlthough
    | StartFailed
    | StartsHeld
    | TaskHeld
    | SubmissionFailed
    | AttemptsEnding
    | RunHindered
    | RefsPutBack
    | ConfigurationPutBack
    | RunUnhindered
    | BranchesDeleted
    | LogsRemoved
    | PlanKept
    | RunEndTroubled,
) -> str:
    match notice:
        case StartedAlthough():
            return f"task {notice.unit} starts although {notice.warning}"
        case StartFailed():
            return f"task {notice.unit} could not be started: {notice.message}"
        case StartsHeld() | TaskHeld():
            return _held(notice)
        case SubmissionFailed():
            return f"task {notice.task} could not be submitted: {notice.message}"
        case AttemptsEnding():
            return f"stopping {count_of(notice.count, 'attempt')}"
        case RunHindered():
            return _hindered(notice)
        case RefsPutBack() | ConfigurationPutBack():
            return _put_back(notice)
        case RunUnhindered():
            return _AGAIN[notice.activity]
        case LogsRemoved() | PlanKept() | BranchesDeleted() | RunEndTroubled():
            return _first_and_last(notice)


def _first_and_last(notice: LogsRemoved | PlanKept | BranchesDeleted | RunEndTroubled) -> str:
    """Describes a run's actions before its first attempt and after its last one."""
    match notice:
        case LogsRemoved():
            return logs_sentence("Removed", notice.count, notice.size, notice.left)
        case PlanKept():
            return "There was no saved plan; saved this one."
        case BranchesDeleted():
            return f"also deleted in this clone: {some(notice.branches)}"
        case RunEndTroubled():
            return f"{_CLOSING[notice.step]}: {notice.message}"


def _rebuilt(notice: BranchRebuilt | FilesRemade) -> str:
    if isinstance(notice, BranchRebuilt):
        return f"{notice.branch} rebuilt on {notice.base}"
    return f"{some(notice.paths)} generated again on {notice.branch}"


def _checks(notice: WindowChosen | CheckEnded | ChecksRunning | ChecksHeld) -> str:
    match notice:
        case WindowChosen():
            return _window(notice)
        case CheckEnded():
            return _check(notice)
        case ChecksRunning():
            return ""  # the dashboard shows it; each result has its own notice
        case ChecksHeld():
            when = on_the_clock(notice.until)[11:16]
            started = count_of(notice.most, "check")
            return f"{started} started within an hour (checks-per-hour); the next one starts at {when}"


def _put_back(notice: RefsPutBack | ConfigurationPutBack) -> str:
    if isinstance(notice, ConfigurationPutBack):
        return killed_sentence(notice.attempt, notice.keys)
    return f"Restored refs that were deleted while agents ran: {some(notice.refs)}"


def _window(notice: WindowChosen) -> str:
    """Describes how many branches are checked ahead, and why."""
    at_once = f"{notice.slots} at once" if notice.slots > 1 else "one after the other"
    if notice.each:
        return f"checking each tree that will land, {at_once}"
    why = "--window" if notice.requested else f"{notice.failures} of the last {notice.landings} failed"
    most = f"{notice.size} branch{'' if notice.size == 1 else 'es'}"
    return f"checking combinations of up to {most}, {at_once} ({why})"


def _check(notice: CheckEnded) -> str:
    """Describes the result of a check."""
    tasks = named_tasks(notice.tasks, _MOST_NAMED)
    combination = f"{notice.base} with {tasks}" if notice.tasks else notice.base
    combination = combination if notice.base else f"{tasks} alone"
    outcome = {"passed": "passes", "failed": "fails", "unclear": "has no clear result"}[notice.outcome]
    again = f", checked {notice.runs} times" if notice.runs > 1 else ""
    why = f": {notice.reason}" if notice.reason else ""
    return f"the check of {combination} {outcome} ({notice.seconds:.1f} s{again}){why}"


def _hindered(notice: RunHindered) -> str:
    if notice.lasting:
        end = "Running tasks continue; no task starts until then."
        return f"{_with_hint(notice.message, notice.hint)} {end}"
    end = "Starting no task until that is over; trying again."
    return f"{_with_hint(notice.message, '')} {end}"


def _held(notice: StartsHeld | TaskHeld) -> str:
    if isinstance(notice, TaskHeld):
        after = f"it is taken over after {duration(notice.lease)} without a heartbeat"
        return f"task {notice.unit} is held by {notice.by} (attempt {notice.attempt}): waiting; {after}"
    if not notice.until:
        return f"Starting no task: {notice.reason}."
    when = on_the_clock(notice.until)[:16]
    return f"{notice.reason}. The run continues at {when}; to continue now, run `gitcoord resume`."


def _rollback(notice: RollbackOpened | RollbackMerged | RollbackWaiting) -> str:
    match notice:
        case RollbackOpened():
            return f"pull request {notice.pull} for {notice.branch}"
        case RollbackMerged():
            return f"pull request {notice.pull} merged as {notice.commit[:12]}"
        case RollbackWaiting():
            return f"waiting: {notice.reason}"


def _events(events: Sequence[AnyEvent]) -> str:
    """Returns one sentence for events that belong together, such as the opening of a level's pull request."""
    first = events[0]
    tasks = named_tasks([event.task or "" for event in events], _MOST_NAMED)
    match first:
        case TaskSubmitted():
            return f"task {first.task} counts as submitted at {first.head[:12]}"
        case TaskLanded():
            return f"{tasks} {'has' if len(events) == 1 else 'have'} landed"
        case TaskDeferred():
            return f"deferred: {first.reason}"
        case PullOpened():
            return f"pull request {first.pull} for {first.branch} ({tasks})"
        case TaskHandedOver():
            return f"pull request {first.pull} ({tasks}) handed over to the forge's {first.way}"
        case _:
            return "; ".join(event.sentence() for event in events)


def _named(branch: str, tasks: Sequence[str]) -> str:
    return f"{branch} ({named_tasks(tasks, _MOST_NAMED)})" if tasks else branch


def _with_hint(message: str, hint: str) -> str:
    whole = message if message.endswith(".") else f"{message}."
    return f"{whole} {hint}" if hint else whole


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MB"
