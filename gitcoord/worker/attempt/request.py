"""The order for a worker, and the command line that contains it."""

from collections.abc import Mapping

import msgspec

from gitcoord.tasks.model import TaskId


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options that all workers of a run share.

    `seconds` is the time limit (None: none). `now` ignores waves.
    """

    agent: str
    check: str = ""
    shell: bool = False
    tasks: str | None = None
    tag: str | None = None
    seconds: float | None = None
    grace: float = 5.0
    rework: int = 1
    now: bool = False
    commit_leftovers: bool = True
    allow_empty: bool = False
    engine: str = "local"
    slots: int | None = None
    """The number of attempts of this clone that may run at once; None: unknown."""


class WorkerOrder(WorkerOptions, frozen=True, kw_only=True):
    """One attempt at one unit: a task without subtasks, or a subtask by its full id.

    `attempt` None takes the next number. `stack` starts on the dependencies' branches, `fresh` replaces the
    checkout of an earlier attempt. `waited` is recorded with the claim: seconds that the unit had to wait, by
    reason.
    """

    unit: TaskId
    attempt: int | None = None
    stack: bool = False
    fresh: bool = False
    token_budget: int | None = None
    beside: tuple[TaskId, ...] = ()
    """Units that run or start now; the journal may not have their events yet."""
    waited: Mapping[str, float] = {}
    wait: float = 0.0
    """Seconds to wait while another worker holds the unit."""


def worker_argv(order: WorkerOrder) -> tuple[str, ...]:
    """Returns gitcoord's arguments for this order; the id comes last, after `--`."""
    options: list[tuple[str, object]] = [
        ("--attempt", order.attempt),
        ("--agent", order.agent),
        ("--check", order.check),
        ("--tasks", order.tasks),
        ("--tag", order.tag),
        ("--timeout", "none" if order.seconds is None else f"{order.seconds:g}s"),
        ("--grace", f"{order.grace:g}"),
        ("--rework", order.rework),
        ("--token-budget", order.token_budget),
        ("--engine", order.engine),
        ("--slots", order.slots),
        *(("--beside", unit) for unit in order.beside),
        *(("--waited", f"{name}={seconds:.3f}") for name, seconds in order.waited.items()),
    ]
    flags = {
        "--shell": order.shell,
        "--no-shell": not order.shell,
        "--stack": order.stack,
        "--now": order.now,
        "--fresh": order.fresh,
        "--no-commit": not order.commit_leftovers,
        "--allow-empty": order.allow_empty,
    }
    # An empty `--check=` overrides the settings, too.
    said = [f"{name}={value}" for name, value in options if value is not None]
    return ("worker", *said, *(name for name, on in flags.items() if on), "--", order.unit)
