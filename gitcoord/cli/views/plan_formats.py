"""Prints a plan in the requested format, and to stderr the warnings and whether the plan was saved."""

from collections.abc import Sequence

import msgspec

from gitcoord.cli.planning.plan_making import PlanProposal
from gitcoord.cli.views.output import emit, emit_json, say, show, warn
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import Finding, TaskId

_MOST_WARNINGS = 20
# jq changes numbers with more digits.
_LONGEST_NUMBER = 15


def print_plan(
    made: PlanProposal,
    *,
    format: str,
    saved: bool,
    no_repository: bool,
    notes: Sequence[Finding] = (),
    fresh: bool = True,
    changed: bool = True,
) -> None:
    """Prints a plan. `saved`: the repository has it now; `no_repository`: there is none to save it.

    `notes`: more warnings; `fresh`: the plan was made just now; `changed`: saving it changed the saved plan.
    """
    plan = made.plan
    notes = [*notes, *([_not_saved()] if no_repository else [])]
    shown = msgspec.structs.replace(plan, warnings=(*plan.warnings, *notes))
    _print_warnings(shown.warnings)
    match format:
        case "json":
            effects = {"changes": made.changes, "given_up": made.given_up, "saved": saved}
            emit_json("plan", shown, effects)
        case "mermaid":
            from gitcoord.planning.diagrams import mermaid

            emit(mermaid(plan))
        case "dot":
            from gitcoord.planning.diagrams import dot

            emit(dot(plan))
        case "levels":
            emit(levels_list(plan))
        case "waves":
            emit(waves_list(plan))
        case _:
            from gitcoord.cli.views.plan import plan_view

            show(*plan_view(plan))
            if saved and fresh:
                say("The plan is saved." if changed else "The plan is as it was saved before.")
            elif not saved and not no_repository:
                say("Saved nothing: this was a dry run.")


def levels_list(plan: Plan) -> str:
    """Returns the levels as a nested JSON list, with whole-number ids as numbers: `[[1,3],[2],[4]]`."""
    from gitcoord.natural_order import natural_key

    nested = [[_plain_id(task) for task in sorted(level.tasks, key=natural_key)] for level in plan.levels]
    return msgspec.json.encode(nested).decode()


def waves_list(plan: Plan) -> str:
    """Returns a JSON list of all waves in order, split into lists of tasks that may start together."""
    from gitcoord.planning.waves import capped_waves

    nested = [[_plain_id(task) for task in wave] for wave in capped_waves(plan)]
    return msgspec.json.encode(nested).decode()


def _plain_id(task: TaskId) -> int | str:
    short = task.isascii() and task.isdigit() and len(task) <= _LONGEST_NUMBER
    return int(task) if short and str(int(task)) == task else task


def _print_warnings(warnings: Sequence[Finding]) -> None:
    warn(warnings[:_MOST_WARNINGS])
    if len(warnings) > _MOST_WARNINGS:
        say(f"… and {len(warnings) - _MOST_WARNINGS} more warnings; --json has them all.")


def _not_saved() -> Finding:
    return Finding(
        code="not-saved", message="There is no git repository here, so the plan is printed but not saved."
    )
