"""The emulated host of one scenario, set up as its surroundings say."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.soak.drawing.surroundings import Gates, Surroundings
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.model import MessagePattern, Protection, RequiredCheck
from tests.support.github.repository import EmulatedRepository

CHECKING_APP = 7
_NO_WIP = MessagePattern("WIP", "contains", negate=True)
_QUEUE_FAILED = "The merge commit's checks have failed"


@dataclass(frozen=True)
class Effect:
    """A merge of `head` into `base`, which may have left the pull request open.

    `time` is the monotonic clock.
    """

    number: int
    base: str
    time: float
    head: str


class Effects(Counter[int]):
    """How often each pull request was merged; `seen` says how many requests there had been before."""

    def __init__(self, hub: GitHubEmulator, app: EmulatedRepository) -> None:
        super().__init__()
        self._hub = hub
        self._app = app
        self.seen: dict[int, int] = {}
        self.made: list[Effect] = []

    def __setitem__(self, number: int, times: int) -> None:
        pull = self._app.pulls[number]
        self.seen[number] = len(self._hub.log)
        self.made.append(Effect(number, pull.base, time.monotonic(), pull.head_sha))
        super().__setitem__(number, times)


def make_host(hub: GitHubEmulator, name: str, around: Surroundings, seed: int) -> EmulatedRepository:
    """A new repository, not yet protected; the hub is as slow as the scenario wants."""
    app = hub.make_repository(name)
    app.offers_async = around.offers_async
    app.settings.allow_auto_merge = around.auto
    app.settings.delete_branch_on_merge = around.host_deletes
    app.settings.drafts = not around.no_drafts
    hub.header_case = around.header_case
    app.null_answers, app.background_reads = around.null_answers, around.background_reads
    app.queue_method = around.gates.queue or "merge"
    app.queue_refusals = [_QUEUE_FAILED] * (around.gates.refusals if around.gates.queue else 0)
    app.admin = not around.gates.hidden
    app.habits.merge_when_unknown = "finds out" if around.finds_out else "refuses"
    for habit, value in around.habits:
        setattr(app.habits, habit, value)
    hub.latency = _latency(random.Random(seed), around.latency)
    return app


def protect(app: EmulatedRepository, gates: Gates) -> None:
    """Puts what the scenario demands onto the base."""
    if not gates.any:
        return
    reporter = CHECKING_APP if gates.by_app else None
    checks = tuple(RequiredCheck(name, reporter) for name in gates.checks)
    whole = Protection(
        checks=checks,
        strict=gates.strict,
        approvals=gates.approvals,
        dismiss_stale=gates.dismiss_stale,
        linear_history=gates.linear,
        merge_queue=gates.queue is not None,
        pull_request_required=gates.approvals > 0,
        conversation_resolution=gates.conversations,
        required_signatures=gates.signatures,
        form="ruleset" if gates.form == "ruleset" else "classic",
    )
    app.protect("main", whole)
    if gates.pattern:
        app.add_rules("main", Protection(message_pattern=_NO_WIP, form="ruleset"))
    if gates.form == "both":
        app.add_rules("main", Protection(checks=checks[:1], strict=gates.strict, form="ruleset"))


def _latency(dice: random.Random, longest: float) -> Callable[[], float]:
    """Mostly a little, seldom a lot: in the order in which requests come in, which differs each time."""
    return lambda: dice.uniform(0, longest) * (5 if dice.random() < 0.05 else 1) if longest else 0.0
