"""The options of `merge-level` and `rollback` over several repositories, and those for each repository."""

from collections.abc import Callable

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.landing.check_options import CheckArguments
from gitcoord.cli.landing.merge_options import LandingArguments, make_options
from gitcoord.forge.pull_requests import Method
from gitcoord.landing.across.model import OnPartial
from gitcoord.landing.model import Options
from gitcoord.landing.proof import CheckOptions
from gitcoord.planning.model import Plan, Strategy
from gitcoord.settings import SerializeOn

MakeOptions = Callable[[Plan, Context, CheckOptions | None], Options]


class AcrossRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The command line's options for landing a level across repositories."""

    level: str | None = None
    on_partial: OnPartial = "wait"
    strategy: Strategy | None = None
    method: Method | None = None
    wait: str | None = None
    delete_branches: bool = False
    serialize_on: SerializeOn | None = None
    ignore: tuple[str, ...] = ()
    check: CheckArguments = CheckArguments()
    others: tuple[str, ...] = ()
    """Given options that apply only to a single repository."""
    dry_run: bool = False
    as_json: bool = False


def options_maker(request: AcrossRequest) -> MakeOptions:
    """Returns a function that makes each repository's options; the command line overrides its settings."""

    landing = LandingArguments(
        strategy=request.strategy,
        method=request.method,
        delete_branches=request.delete_branches,
        serialize_on=request.serialize_on,
        ignore=tuple(request.ignore),
    )

    def make(part: Plan, context: Context, check: CheckOptions | None) -> Options:
        return make_options(landing, context.settings, part.strategy, check)

    return make
