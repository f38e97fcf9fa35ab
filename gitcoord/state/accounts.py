"""Accounts that may do nothing more for a while: one ref for each, for all machines that share it.

An account is known by the name that the settings give it. The ref is no part of the journal: it holds what is
so now, and goes when somebody opens the account again.
"""

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.git.json_commits import decode, encode, read_documents, write_document
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.settings import RunSettings
from gitcoord.state.store import Store

_FOLDER = "accounts/"
_TRIES = 20
_FIRST_PAUSE, _LONGEST_PAUSE = 300.0, 3600.0
"""Seconds until an account is tried again whose limit has no known end; each pause doubles the last."""
_IN_A_ROW = 900.0
"""A limit that is met so soon after the last pause is the same one."""


class ClosedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`account` may do nothing until `until` (seconds since the epoch), for `reason`, as `by` found out.

    `pause` is how long that is where nobody said until when (0: somebody did).
    """

    account: str
    until: float
    reason: str
    by: str
    pause: float = 0.0

    @property
    def name(self) -> str:
        """The account in a sentence."""
        return f"the account {self.account}" if self.account else "the account"

    @property
    def end(self) -> str:
        """`until` as events have their times."""
        return datetime.fromtimestamp(self.until, UTC).isoformat(timespec="seconds")

    def sentence(self) -> str:
        """What is so, in words; the time is UTC, because it is read anywhere."""
        at = datetime.fromtimestamp(self.until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"{self.name} is closed until {at}: {self.reason}"


def account_of(settings: RunSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The account that agents started here use: `GITCOORD_ACCOUNT`, else the setting."""
    return environ.get("GITCOORD_ACCOUNT", "").strip() or settings.account


def closed_now(
    store: Store, settings: RunSettings, clock: Callable[[], float] = time.time
) -> ClosedAccount | None:
    """How the account is closed now, as of the last refresh."""
    return closed_account(store, account_of(settings), clock())


def account_ref(store: Store, account: str) -> str:
    """The ref of an account; its name may hold anything, such as an address."""
    import hashlib  # it loads OpenSSL

    digest = hashlib.sha256(account.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{store.shared.state_prefix}{_FOLDER}{digest}"


def closed_account(store: Store, account: str, now: float) -> ClosedAccount | None:
    """How `account` is closed at `now`, as of the last refresh; None when it is open."""
    if not store.shared.list(f"{store.shared.state_prefix}{_FOLDER}"):
        return None
    known = _read(store, store.shared.read(account_ref(store, account)))
    return known if known is not None and known.until > now else None


def close_account(
    store: Store, account: str, until: float | None, reason: str, *, by: str, now: float
) -> ClosedAccount:
    """Closes `account` until then, and returns how it is closed: what ends later counts.

    None for `until` is a pause that grows while the limit is met again. Raises `state-busy`, and what
    writing to the remote raises.
    """
    ref = account_ref(store, account)
    for _ in range(_TRIES):
        tip = store.shared.read(ref)
        before = _read(store, tip)
        wanted = _closed(before, account, until, reason, by, now)
        if before is not None and before.until >= wanted.until:
            return before
        body = encode(wanted)
        commit = write_document(store.repository, wanted.sentence(), body, None).commit
        if store.shared.publish([RefUpdate(ref, tip, commit)]):
            return wanted
    raise GitcoordError("state-busy", "The record of the account kept changing.", hint="Run it again.")


def open_account(store: Store, account: str) -> bool:
    """Takes it back that the account is closed; whether it was, or had been."""
    ref = account_ref(store, account)
    tip = store.shared.read(ref)
    return tip is not None and store.shared.publish([RefUpdate(ref, tip, None)])


def _closed(
    before: ClosedAccount | None, account: str, until: float | None, reason: str, by: str, now: float
) -> ClosedAccount:
    pause = 0.0
    if until is None:
        pause = _FIRST_PAUSE
        if before is not None and before.until > now:
            return before  # somebody at work met it, too
        if before is not None and now - before.until < _IN_A_ROW:
            pause = min(_LONGEST_PAUSE, max(before.pause * 2, _FIRST_PAUSE))
        until = now + pause
    return ClosedAccount(account=account, until=until, reason=reason, by=by, pause=pause)


def _read(store: Store, tip: Oid | None) -> ClosedAccount | None:
    if tip is None:
        return None
    documents = read_documents(store.repository.git, [tip], newest_only=True)
    known: ClosedAccount | None = decode(documents[0].body if documents else None, ClosedAccount)
    return known
