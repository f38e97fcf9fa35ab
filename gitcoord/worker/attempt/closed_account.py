"""Recognizes that a usage limit ended an agent, and closes its account for all who share it."""

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import worker_name
from gitcoord.git.worktree import WorkingCopy
from gitcoord.redact import redact
from gitcoord.state.accounts import ClosedAccount, account_of, close_account
from gitcoord.worker.attempt.attempt_context import AttemptContext, AttemptResult, patiently
from gitcoord.worker.attempt.exchange_files import AGAIN_AT, read
from gitcoord.worker.attempt.usage_limit import UsageLimit, find_limit, told_time

_AGAIN = 75


def limit_of(context: AttemptContext, code: int, said: str, *, since: float) -> UsageLimit | None:
    """The usage limit that ended an agent with exit code `code` and last output `said`; None if none did.

    The agent began at `since`, in seconds since the epoch.
    """
    now = context.clock()
    if code == 0:
        return _limit_after_success(context, said, now, since)
    if code == _AGAIN:
        words = read(context.directory, AGAIN_AT)[:200]
        until = told_time(words, now) if words.strip() else None
        if until is not None:
            return UsageLimit(until=until, said="its agent said so")
        if words.strip():
            context.log.say(f"$GITCOORD_AGAIN_AT_FILE has no time in the future: {words.strip()!r}")
    return find_limit(said, now, context.settings.run.limit_patterns)


def _limit_after_success(context: AttemptContext, said: str, now: float, since: float) -> UsageLimit | None:
    """The usage limit of an agent that ended with exit code 0; None if none ended it.

    The task itself may be about limits. If the agent has changed something, only the last line of its output
    counts, and only if that line names a limit and the time at which the limit ends.
    """
    own = context.settings.run.limit_patterns
    if find_limit(said, now, own) is None:
        return None
    copy = WorkingCopy(context.task_context.repository, context.directory)
    if not _has_worked(copy, since):
        return find_limit(said, now, own)
    lines = [line for line in said.splitlines() if line.strip()]
    last = find_limit(lines[-1], now, own) if lines else None
    return last if last is not None and last.until is not None else None


def _has_worked(copy: WorkingCopy, since: float) -> bool:
    """Whether something was committed or changed in the checkout since `since`; True if git cannot tell."""
    try:
        committed = copy.git.probe("log", "-1", "--format=%ct") or "0"
        changed = [copy.directory / path for path in copy.changes(untracked=True)]
        return int(committed) >= int(since) or any(path.lstat().st_mtime >= since - 1 for path in changed)
    except (GitcoordError, OSError, ValueError):
        return True


def close(context: AttemptContext, limit: UsageLimit, code: int) -> AttemptResult:
    """Records the account as closed for all who share it, and returns the attempt's result."""
    settings, store = context.settings.run, context.task_context.store

    def act() -> ClosedAccount:
        store.refresh()
        return close_account(
            store,
            account_of(settings),
            limit.until,
            redact(limit.said),
            by=worker_name(),
            now=context.clock(),
        )

    closed = patiently(context, act)
    return AttemptResult(outcome="again", reason=closed.sentence(), code=code, again_at=closed.end)
