"""From the words of `merge-level` to the values that landing takes."""

from collections.abc import Sequence

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.forges import open_forge
from gitcoord.cli.levels import find_level
from gitcoord.errors import usage_error
from gitcoord.git.ancestry import Ancestry
from gitcoord.merging.landed import landed_tasks
from gitcoord.merging.model import Options
from gitcoord.merging.observe import Scene
from gitcoord.planning.model import Plan
from gitcoord.settings import Settings


def make_options(
    plan: Plan,
    settings: Settings,
    *,
    strategy: str | None,
    method: str | None,
    wait: str | None,
    partial: bool,
    all_or_nothing: bool,
    serialize_on: str | None,
    ignore: Sequence[str],
) -> Options:
    """The options of a run; raises `usage` (exit 2) for a word that is none of the choices."""
    words = {
        "strategy": strategy or plan.strategy,
        "method": method or settings.method,
        "wait": seconds(wait),
        "partial": partial,
        "all_or_nothing": all_or_nothing,
        "serialize_on": serialize_on or settings.serialize_on,
        "ignore": (*settings.ignore, *ignore),
    }
    if all_or_nothing and words["strategy"] == "multi-pr":
        raise usage_error(
            "usage",
            "--all-or-nothing needs --strategy single-pr: under multi-pr every task lands by itself.",
            "Leave it out, or land the level through one pull request.",
        )
    try:
        return msgspec.convert(words, Options)
    except msgspec.ValidationError as error:
        where = str(error).rpartition("`$.")[2].rstrip("`").replace("_", "-")
        raise usage_error(
            "usage", f"--{where} cannot be {words.get(where.replace('-', '_'))!r}.", "See --help."
        ) from error


def seconds(text: str | None) -> float:
    """The length of a duration such as `30m` in seconds; raises `usage` (exit 2)."""
    if text is None:
        return 0.0
    from pytimeparse2 import parse

    found = parse(text, raise_exception=False)
    if not isinstance(found, int | float) or found < 0:
        raise usage_error("usage", f"{text!r} is no duration.", "Write it like 90s, 30m or 1h30m.")
    return float(found)


def make_scene(
    context: Context,
    plan: Plan,
    level: str | None,
    options: Options,
    *,
    forge: str | None,
    repository: str | None,
) -> Scene:
    """Where landing takes place: the level asked for, or the first that has not landed."""
    ancestry = Ancestry(context.repository.git)
    base_commit = context.shared.branch(plan.base)
    landed = (
        landed_tasks(
            context.repository.git,
            base_commit=base_commit or "",
            plan=plan,
            progress=context.store.progress(),
            tips=context.shared.branches(),
            ancestry=ancestry,
        )
        if base_commit
        else {}
    )
    return Scene(
        repository=context.repository,
        shared=context.shared,
        ancestry=ancestry,
        store=context.store,
        forge=open_forge(context, asked=forge, repository=repository),
        plan=plan,
        level=find_level(plan, level, landed),
        options=options,
    )
