"""Turns the options of `merge-level` into the values that landing needs."""

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


class LandingArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's options for landing; None: the settings or the plan decide."""

    strategy: Strategy | None = None
    method: Method | None = None
    wait: str | None = None
    partial: bool = False
    all_or_nothing: bool = False
    auto: bool = False
    delete_branches: bool = False
    serialize_on: SerializeOn | None = None
    ignore: tuple[str, ...] = ()


def make_options(
    arguments: LandingArguments, settings: Settings, usual: Strategy, check: CheckOptions | None = None
) -> Options:
    """Returns the options of a landing; `usual` is the strategy if `arguments` names none.

    Raises `usage` (exit 2) for options that cannot be used together.
    """
    strategy = arguments.strategy or usual
    single = (("--all-or-nothing", arguments.all_or_nothing), ("--partial", arguments.partial))
    for option, given in single:
        if given and strategy == "multi-pr":
            raise usage_error(
                "usage",
                f"{option} needs --strategy single-pr: with multi-pr every task lands by itself.",
                "Leave it out, or land the level through one pull request.",
            )
    return Options(
        strategy=strategy,
        method=arguments.method or settings.method,
        wait=seconds(arguments.wait),
        partial=arguments.partial,
        all_or_nothing=arguments.all_or_nothing,
        auto=arguments.auto,
        delete_branches=arguments.delete_branches,
        serialize_on=arguments.serialize_on or settings.serialize_on,
        ignore=(*settings.ignore, *arguments.ignore),
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
        forge=open_forge(context, requested=forge, repository=repository),
        plan=plan,
        level=find_level(plan, level, snapshot.landed if snapshot else ()),
        options=options,
    )
