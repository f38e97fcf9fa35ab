"""Records agents' accounts that have reached a usage limit: one ref for each, for all machines that share it.

The settings name an account. The ref is not part of the journal: it has the current state, and is deleted
when somebody opens the account again.
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
"""Seconds until an account is tried again if its limit has no known end; each pause doubles the last."""
_IN_A_ROW = 900.0
"""A limit that is reached within this many seconds after the last pause counts as the same limit."""


class ClosedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`account` is closed until `until` (seconds since the epoch) for `reason`; `by` reported it.

    `pause`: the length in seconds if the end was unknown, else 0.
    """

    account: str
    until: float
    reason: str
    by: str
    pause: float = 0.0

    @property
    def name(self) -> str:
        """The account's name for a sentence."""
        return f"the account {self.account}" if self.account else "the account"

    @property
    def end(self) -> str:
        """`until` in the format of events' times."""
        return datetime.fromtimestamp(self.until, UTC).isoformat(timespec="seconds")

    def sentence(self) -> str:
        """Describes the state; the time is UTC, because readers are in any time zone."""
        at = datetime.fromtimestamp(self.until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"{self.name} is closed until {at}: {self.reason}"


def account_of(settings: RunSettings, environ: Mapping[str, str] = os.environ) -> str:
    """Returns the account of this machine's agents: `GITCOORD_ACCOUNT`, else the setting."""
    return environ.get("GITCOORD_ACCOUNT", "").strip() or settings.account


def closed_now(
    store: Store, settings: RunSettings, clock: Callable[[], float] = time.time
) -> ClosedAccount | None:
    """Returns the closed account of this machine's agents, from the last fetch; None if it is open."""
    return closed_account(store, account_of(settings), clock())


def account_ref(store: Store, account: str) -> str:
    """Returns the ref of an account; hashes its name, which may have any character."""
    import hashlib  # it loads OpenSSL

    digest = hashlib.sha256(account.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{store.shared.state_prefix}{_FOLDER}{digest}"


def closed_account(store: Store, account: str, now: float) -> ClosedAccount | None:
    """Returns the closed `account` at `now`, from the last fetch; None if it is open."""
    if not store.shared.list(f"{store.shared.state_prefix}{_FOLDER}"):
        return None
    known = _read(store, store.shared.read(account_ref(store, account)))
    return known if known is not None and known.until > now else None


def close_account(
    store: Store, account: str, until: float | None, reason: str, *, by: str, now: float
) -> ClosedAccount:
    """Closes `account` until `until`, and returns its state; of two limits, the later end counts.

    `until` None means a pause that grows each time the limit is reached again. Raises `state-busy`, or the
    error of the push.
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
    """Opens the account again. Returns whether there was a record that it was closed."""
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
            return before  # another worker has already reported it
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
