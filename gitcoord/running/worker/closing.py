"""An agent whose account is closed for a while: found out when it ends, and told to all who share it."""

from gitcoord.redact import redact
from gitcoord.running.worker.exchange import AGAIN_AT, read
from gitcoord.running.worker.seat import Result, Seat, patiently
from gitcoord.running.worker.usage_limit import UsageLimit, find_limit, told_time
from gitcoord.state.accounts import ClosedAccount, account_of, close_account
from gitcoord.state.journal import worker_name

_AGAIN = 75


def limit_of(seat: Seat, code: int, said: str) -> UsageLimit | None:
    """The limit that ended an agent with `code`, whose last words are in `said`; None if that was not it."""
    if code == 0:
        return None
    now = seat.clock()
    if code == _AGAIN:
        words = read(seat.directory, AGAIN_AT)[:200]
        until = told_time(words, now) if words.strip() else None
        if until is not None:
            return UsageLimit(until=until, said="its agent said so")
        if words.strip():
            seat.log.say(f"no time that is to come: {words.strip()!r} in $GITCOORD_AGAIN_AT_FILE")
    return find_limit(said, now, seat.settings.run.limit_patterns)


def close(seat: Seat, limit: UsageLimit, code: int) -> Result:
    """Closes the account for everybody who shares it, and returns the attempt's result."""
    settings, store = seat.settings.run, seat.desk.store

    def act() -> ClosedAccount:
        store.refresh()
        return close_account(
            store,
            account_of(settings),
            limit.until,
            redact(limit.said),
            by=worker_name(),
            now=seat.clock(),
        )

    closed = patiently(seat, act)
    return Result(outcome="again", reason=closed.sentence(), code=code, again_at=closed.end)
