"""Turns the options of `merge-level` into the values that landing needs."""

from collections.abc import Sequence

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.levels import find_level
from gitcoord.cli.open_forge import open_forge
from gitcoord.cli.time_options import seconds
from gitcoord.errors import usage_error
from gitcoord.evidence.snapshot import find_snapshot
from gitcoord.forge.pull_requests import Method
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import Options
from gitcoord.landing.proof import CheckOptions
from gitcoord.planning.model import Plan, Strategy
from gitcoord.settings import SerializeOn, Settings


class AskedLanding(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's options for landing; None: the settings or the plan decide."""

    strategy: Strategy | None
    method: Method | None
    wait: str | None
    partial: bool
    all_or_nothing: bool
    auto: bool
    delete_branches: bool
    serialize_on: SerializeOn | None
    ignore: tuple[str, ...]


def options_of(asked: AskedLanding, plan: Plan, settings: Settings, check: CheckOptions | None) -> Options:
    """Returns the options of a run in one repository. Raises like `make_options`."""
    return make_options(plan, settings, **msgspec.structs.asdict(asked), check=check)


def make_options(
    plan: Plan,
    settings: Settings,
    *,
    strategy: Strategy | None,
    method: Method | None,
    wait: str | None,
    partial: bool,
    all_or_nothing: bool,
    auto: bool = False,
    delete_branches: bool = False,
    serialize_on: SerializeOn | None,
    ignore: Sequence[str],
    check: CheckOptions | None = None,
) -> Options:
    """Returns the options of a landing. Raises `usage` (exit 2) for options that cannot be used together."""
    return make_landing_options(
        settings,
        strategy=strategy or plan.strategy,
        method=method,
        wait=wait,
        partial=partial,
        all_or_nothing=all_or_nothing,
        auto=auto,
        delete_branches=delete_branches,
        serialize_on=serialize_on,
        ignore=ignore,
        check=check,
    )


def make_landing_options(
    settings: Settings,
    *,
    strategy: Strategy,
    method: Method | None,
    wait: str | None,
    partial: bool = False,
    all_or_nothing: bool = False,
    auto: bool = False,
    delete_branches: bool = False,
    serialize_on: SerializeOn | None,
    ignore: Sequence[str],
    check: CheckOptions | None = None,
) -> Options:
    """Returns the options of a landing without a saved plan. Raises `usage` (exit 2)."""
    for option, given in (("--all-or-nothing", all_or_nothing), ("--partial", partial)):
        if given and strategy == "multi-pr":
            raise usage_error(
                "usage",
                f"{option} needs --strategy single-pr: with multi-pr every task lands by itself.",
                "Leave it out, or land the level through one pull request.",
            )
    return Options(
        strategy=strategy,
        method=method or settings.method,
        wait=seconds(wait),
        partial=partial,
        all_or_nothing=all_or_nothing,
        auto=auto,
        delete_branches=delete_branches,
        serialize_on=serialize_on or settings.serialize_on,
        ignore=(*settings.ignore, *ignore),
        rules=settings.rules,
        foreign_commits=settings.foreign_commits,
        pulls=settings.pull_requests,
        closes_issues=settings.tasks.write_back,
        check=check,
    )


def make_landing_context(
    context: Context,
    plan: Plan,
    level: str | None,
    options: Options,
    *,
    forge: str | None,
    repository: str | None,
) -> LandingContext:
    """Opens the landing context of `level`; None: the first level that has not landed."""
    snapshot = find_snapshot(context.store, plan)
    return LandingContext(
        repository=context.repository,
        shared=context.shared,
        store=context.store,
        forge=open_forge(context, asked=forge, repository=repository),
        plan=plan,
        level=find_level(plan, level, snapshot.landed if snapshot else ()),
        options=options,
    )
