"""Makes the check options of a landing from the command line and the settings, and opens the checker."""

import shlex
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import msgspec

from gitcoord.checks.model import CheckCommand
from gitcoord.cli.context import Context
from gitcoord.cli.time_options import limit
from gitcoord.errors import usage_error
from gitcoord.landing.context import LandingContext
from gitcoord.landing.proof import CheckOptions
from gitcoord.notices import Caution, ChecksHeld, Tell
from gitcoord.settings import Prove, Settings

if TYPE_CHECKING:
    from gitcoord.worker.checking.checker import LocalChecker
    from gitcoord.worker.checking.files_maker import LocalFilesMaker


class CheckArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The check options on the command line; None means that the settings decide."""

    command: str | None = None
    off: bool = False
    slots: int | None = None
    window: str | None = None
    timeout: str | None = None
    flaky: int | None = None
    allow_red_base: bool = False
    prove: Prove | None = None
    recheck: bool = False
    shell: bool | None = None


def make_check_options(
    settings: Settings, arguments: CheckArguments, *, auto: bool = False
) -> CheckOptions | None:
    """Returns the check options of a landing; None without a check.

    Raises `usage` (exit 2) for options that cannot be used together.
    """
    landing = settings.landing
    if arguments.off and arguments.command:
        raise usage_error("usage", "--check and --no-check contradict each other.", "Choose one of them.")
    text = "" if arguments.off else landing.check if arguments.command is None else arguments.command
    if not text.strip():
        _require_none(arguments)
        return None
    if auto:
        raise usage_error(
            "usage",
            "--auto cannot be used with a check: GitHub would merge later, onto a base that nobody checked.",
            "Leave --auto out, or land without a check here: --no-check.",
        )
    shell = settings.run.shell if arguments.shell is None else arguments.shell
    if not shell:
        try:
            shlex.split(text)
        except ValueError as error:
            raise usage_error(
                "usage", f"--check {text!r} cannot be read: {error}.", "Close the quote."
            ) from error
    command = CheckCommand(
        text=text,
        shell=shell,
        seconds=limit(landing.check_timeout if arguments.timeout is None else arguments.timeout),
        grace=settings.run.grace,
        environment=_environment(landing.environment),
        clean=landing.clean,
    )
    return CheckOptions(
        command=command,
        window=_window(arguments.window) if arguments.window is not None else landing.window or None,
        flaky=landing.flaky if arguments.flaky is None else arguments.flaky,
        allow_red_base=arguments.allow_red_base,
        prove=arguments.prove or landing.prove,
        status=landing.status.strip(),
    )


@contextmanager
def open_checker(
    context: Context,
    options: CheckOptions,
    tell: Tell,
    *,
    slots: int | None,
    recheck: bool = False,
    writes: bool = True,
) -> Iterator["LocalChecker"]:
    """Opens the checker of this machine for the block; closes it at the end.

    With `writes=False`, the checker reads the results of other machines, but pushes none.
    """
    from datetime import UTC, datetime

    from gitcoord.checks.hourly_cap import HourlyCap
    from gitcoord.checks.shared_results import SharedResults
    from gitcoord.worker.checking.checker import LocalChecker, default_slots

    settings, command = context.settings, options.command
    count = slots or settings.landing.slots or default_slots()
    shared = None
    if settings.landing.share_results:
        shared = SharedResults(
            context.shared, command, writes=writes, warn=lambda problem: tell(Caution(message=problem))
        )
    most, place = settings.landing.checks_per_hour, context.repository.common_dir
    cap = HourlyCap(place, most) if most else None

    def held(most: int, until: float) -> None:
        at = datetime.fromtimestamp(until, UTC).isoformat(timespec="seconds")
        tell(ChecksHeld(most=most, until=at))

    checker = LocalChecker(context.repository, command, count, settings.run, shared, cap, held)
    if recheck:
        checker.forget_failures()
    try:
        yield checker
        checker.share(at_end=True)
    except Exception:  # not KeyboardInterrupt: a user who presses Ctrl-C does not want to wait for a push
        checker.share(at_end=True)
        raise
    finally:
        checker.close()


@contextmanager
def with_checker(
    landing_context: LandingContext, context: Context, tell: Tell, *, slots: int | None, recheck: bool = False
) -> Iterator[LandingContext]:
    """Yields the landing context with a checker if it has a check, and a file generator if rules need one."""
    check = landing_context.options.check
    with open_maker(context, check, slots) as maker:
        landing_context = msgspec.structs.replace(landing_context, maker=maker)
        if check is None:
            yield landing_context
            return
        with open_checker(context, check, tell, slots=slots, recheck=recheck) as checker:
            yield msgspec.structs.replace(landing_context, checker=checker)


@contextmanager
def open_maker(
    context: Context, check: CheckOptions | None = None, slots: int | None = None
) -> Iterator["LocalFilesMaker | None"]:
    """Opens the generator of files with a `regenerate` rule for the block; yields None without such rules."""
    settings = context.settings
    if not settings.rules.regenerate:
        yield None
        return
    from gitcoord.worker.checking.checker import default_slots
    from gitcoord.worker.checking.files_maker import LocalFilesMaker

    landing = settings.landing
    like = CheckCommand(
        text="",
        shell=settings.run.shell if check is None else check.command.shell,
        seconds=limit(landing.check_timeout) if check is None else check.command.seconds,
        grace=settings.run.grace,
        environment=_environment(landing.environment),
        clean=landing.clean,
    )
    count = slots or landing.slots or default_slots()
    with closing(LocalFilesMaker(context.repository, settings.rules, settings.run, like, count)) as maker:
        yield maker


def _require_none(arguments: CheckArguments) -> None:
    given = {
        "--slots": arguments.slots,
        "--window": arguments.window,
        "--check-timeout": arguments.timeout,
        "--flaky": arguments.flaky,
        "--prove": arguments.prove,
        "--allow-red-base": arguments.allow_red_base or None,
        "--recheck": arguments.recheck or None,
    }
    for option, value in given.items():
        if value is not None:
            raise usage_error(
                "usage", f"{option} needs a check.", "Add --check 'COMMAND', or set `check` under [landing]."
            )


def _environment(named: str) -> str:
    """Describes the environment of a result: the kind of machine, and the settings' `environment`."""
    import platform

    return f"{platform.system()} {platform.machine()} {named}".strip()


def _window(text: str) -> int | None:
    if text == "auto":
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) > 0):
        raise usage_error(
            "usage", f"--window {text!r} is not a number.", "Give a number of branches, or auto."
        )
    return int(text)
