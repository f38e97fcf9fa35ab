"""Where a scenario lands: what the host offers and demands, how clients sign in, and who else is at work."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

from tests.support.github.habits import Habits

SignIn = Literal["classic", "fine-grained", "app", "short-lived app"]
Reporting = Literal["robot", "people", "told"]
Method = Literal["merge", "squash", "rebase"]
HeaderCase = Literal["lower", "title", "upper"]
_CHECKS = ("ci/build", "ci/test", "lint")
_PLAIN_SHARE = 0.2


@dataclass(frozen=True)
class Gates:
    """What the base demands of pull requests. `pattern`: that commit messages do not say WIP.

    `reporting`: checks and reviews come from a robot within `delay` seconds, from people between the runs,
    or once a client said that it waits. `flaky`: the first verdict on a head is no. `hidden`: the
    client may not read the details. `refusals`: how many the queue throws out without their fault.
    """

    checks: tuple[str, ...] = ()
    form: Literal["classic", "ruleset", "both"] = "classic"
    by_app: bool = False
    strict: bool = False
    approvals: int = 0
    dismiss_stale: bool = False
    linear: bool = False
    hidden: bool = False
    reporting: Reporting = "people"
    delay: float = 0.0
    flaky: bool = False
    queue: Method | None = None
    refusals: int = 0
    conversations: bool = False
    signatures: bool = False
    pattern: bool = False

    @property
    def any(self) -> bool:
        """Whether it is protected at all."""
        more = self.conversations or self.signatures or self.pattern
        return bool(self.checks or self.approvals or self.linear or self.queue or more)


@dataclass(frozen=True)
class Surroundings:
    """Everything around a scenario.

    `finds_out`: a merge does not wait for mergeability. `latency` is how many seconds a request is on its way
    at most.
    """

    gates: Gates = Gates()
    offers_async: bool = False
    auto: bool = False
    sign_in: SignIn = "classic"
    rival: bool = False
    rename_after: float | None = None
    delete_branches: bool = False
    host_deletes: bool = False
    enterprise: bool = False
    drafts: bool = False
    no_drafts: bool = False
    header_case: HeaderCase = "lower"
    habits: tuple[tuple[str, object], ...] = ()
    finds_out: bool = False
    null_answers: int = 1
    background_reads: int = 1
    latency: float = 0.0

    @property
    def merges_by_others(self) -> bool:
        """Whether anybody but one client's own calls may merge."""
        return self.rival or self.auto or self.gates.queue is not None

    def dimensions(self) -> Iterator[str]:
        """What sets this scenario apart, for counting."""
        gates = self.gates
        told = {
            "merge-async": self.offers_async,
            f"checks, {gates.form}": bool(gates.checks),
            f"checks by {gates.reporting}": bool(gates.checks),
            "a first no": bool(gates.checks or gates.approvals) and gates.flaky,
            "strict up-to-date": gates.strict,
            "approvals": gates.approvals > 0,
            "stale approvals dismissed": gates.approvals > 0 and gates.dismiss_stale,
            "linear history": gates.linear,
            "hidden rules": gates.any and gates.hidden,
            "merge queue": gates.queue is not None,
            "thrown out of the queue": gates.queue is not None and gates.refusals > 0,
            "auto-merge": self.auto,
            f"signed in by {self.sign_in}": self.sign_in != "classic",
            "two clients": self.rival,
            "renamed": self.rename_after is not None,
            "--delete-branches": self.delete_branches,
            "host deletes branches": self.host_deletes,
            "enterprise server": self.enterprise,
            "drafts": self.drafts,
            "drafts not available": self.drafts and self.no_drafts,
            "conversations to resolve": gates.conversations,
            "signatures required": gates.signatures,
            "message patterns": gates.pattern,
            "other header case": self.header_case != "lower",
            "odd habits": bool(self.habits),
            "latency": self.latency > 0,
        }
        yield from (name for name, holds in told.items() if holds)
        if not any(told.values()):
            yield "plain"


def make_surroundings(dice: random.Random, method: Method) -> Surroundings:
    """The surroundings of a scenario; a fifth of all are plain."""
    if dice.random() < _PLAIN_SHARE:
        return Surroundings(finds_out=dice.random() < 0.6)
    gates = _gates(dice, method)
    enterprise = dice.random() < 0.1
    waits = bool(gates.checks or gates.approvals)
    return Surroundings(
        gates=gates,
        offers_async=not enterprise and dice.random() < 0.35,
        auto=waits and gates.queue is None and dice.random() < 0.4,
        sign_in=dice.choice((*("classic",) * 5, "fine-grained", "fine-grained", "app", "short-lived app")),
        rival=dice.random() < 0.4,
        rename_after=dice.uniform(0.0, 3.0) if dice.random() < 0.12 else None,
        delete_branches=dice.random() < 0.25,
        host_deletes=dice.random() < 0.1,
        enterprise=enterprise,
        drafts=dice.random() < 0.12,
        no_drafts=dice.random() < 0.3,
        header_case=dice.choice(("lower", "lower", "title", "upper")),
        habits=_habits(dice) if dice.random() < 0.35 else (),
        finds_out=dice.random() < 0.6,
        null_answers=dice.choice((0, 1, 1, 1, 2, 4)),
        background_reads=dice.choice((0, 1, 1, 3, 6)),
        latency=dice.choice((0.0, 0.0, 0.02, 0.08)),
    )


def _gates(dice: random.Random, method: Method) -> Gates:
    checks = tuple(sorted(dice.sample(_CHECKS, dice.choice((1, 1, 2))))) if dice.random() < 0.45 else ()
    methods: tuple[Method, ...] = ("merge", "squash", "rebase")
    linear = method != "merge" and dice.random() < 0.1
    queue = dice.choice(methods) if not linear and dice.random() < 0.2 else None
    return Gates(
        checks=checks,
        form=dice.choice(("classic", "ruleset", "both")),
        by_app=dice.random() < 0.2,
        strict=bool(checks) and dice.random() < 0.4,
        approvals=dice.choice((1, 1, 2)) if dice.random() < 0.25 else 0,
        dismiss_stale=dice.random() < 0.5,
        linear=linear,
        hidden=dice.random() < 0.2,
        reporting=dice.choice(("robot", "robot", "people", "told")),
        delay=dice.uniform(0.0, 1.5),
        flaky=dice.random() < 0.15,
        queue=queue,
        refusals=dice.choice((0, 0, 1, 2)),
        conversations=dice.random() < 0.12,
        signatures=queue is None and dice.random() < 0.08,
        pattern=dice.random() < 0.08,
    )


def _habits(dice: random.Random) -> tuple[tuple[str, object], ...]:
    """Some switches of the host, each thrown to one of its values."""
    choices = {name: get_args(kind) for name, kind in get_type_hints(Habits).items()}
    del choices["fine_grained_graphql"]  # then nothing can be queued, ever
    del choices["merge_when_unknown"]  # drawn by itself
    chosen = dice.sample(sorted(choices), 4)
    return tuple((name, dice.choice(choices[name])) for name in sorted(chosen))
