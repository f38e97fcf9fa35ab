"""Runs `gitcoord merge-level` and `gitcoord rollback` over several repositories."""

from contextlib import ExitStack

import msgspec
import typer

from gitcoord.cli.across.repositories import Repositories, whole_context
from gitcoord.cli.context import Context
from gitcoord.cli.landing.across_options import AcrossRequest, options_maker
from gitcoord.cli.landing.check_options import make_check_options
from gitcoord.cli.landing.merge_across import AcrossRun
from gitcoord.cli.planning.list_sync import sync_after_landing
from gitcoord.cli.time_options import seconds
from gitcoord.cli.views.across import show_level
from gitcoord.cli.views.output import clean, emit, emit_json, say
from gitcoord.cli.views.rollback import show_rollbacks
from gitcoord.errors import Exit, answer_no, in_repository, usage_error
from gitcoord.event_stamp import now, worker_name
from gitcoord.landing.across.dry_run import preview_across
from gitcoord.landing.across.loop import LevelLander
from gitcoord.landing.across.model import AcrossContext
from gitcoord.landing.rollback.model import RollbackReport
from gitcoord.level_events import LevelAcross


def land_across(home: Context, request: AcrossRequest) -> None:
    """Lands a level in all repositories of its tasks; exit code 1 if a task did not land (dry run: 0)."""
    _require(request.others, "merge-level")
    check = make_check_options(home.settings, request.check)
    several = _opened(home, writes=not request.dry_run)
    with ExitStack() as closing:
        run = AcrossRun(several, options_maker(request), check, closing)
        across = msgspec.structs.replace(
            run.across_context(request.level), on_partial=request.on_partial, wait=seconds(request.wait)
        )
        if request.dry_run:
            _show_steps(run, across, as_json=request.as_json)
            return
        report = LevelLander(across, run).land()
    if request.as_json:
        emit_json("landing", report)
    else:
        show_level(report)
    sync_after_landing(whole_context(several))
    if not report.complete:
        raise typer.Exit(Exit.NO)


def roll_back_across(
    home: Context, levels: list[str], others: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Rolls a level back in all repositories, in the reverse landing order, after a dry run in each."""
    _require(others, "rollback")
    if len(levels) != 1:
        raise usage_error(
            "several-repositories",
            "Over several repositories, `gitcoord rollback` takes one level at a time.",
            "Roll the later level back first.",
        )
    several = _opened(home, writes=not dry_run)
    with ExitStack() as closing:
        run = AcrossRun(several, options_maker(AcrossRequest()), None, closing)
        across = run.across_context(levels[0])
        landed = several.landed(across.plan)
        own = {name: across.tasks_in(name) & landed[name].keys() for name in reversed(across.names)}
        names = [name for name, tasks in own.items() if tasks]
        recorded = run.last_event(across.level.name)
        if not names and not (recorded is not None and recorded.state == "rolling-back"):
            where = ", ".join(across.names)
            raise answer_no("nothing-landed", f"No task of {across.level.name} has landed in {where}.")
        _require_nothing_on_top(across, several)
        planned = {name: run.rehearsed(name) for name in names}
        done = (
            planned if dry_run else _roll_back_each(run, across, names, {name: own[name] for name in names})
        )
    if as_json:
        emit_json("rollback", {"level": across.level.name, "repositories": done})
    else:
        show_rollbacks(across.level.name, done)
    if any(report.state == "waiting" for report in done.values()):
        raise typer.Exit(Exit.NO)


def _roll_back_each(
    run: AcrossRun, across: AcrossContext, names: list[str], tasks: dict[str, frozenset[str]]
) -> dict[str, RollbackReport]:
    level = across.level.name
    named = {name: tuple(sorted(some)) for name, some in tasks.items()}
    recorded = LevelAcross(
        at=now(),
        by=worker_name(),
        task=level,
        state="rolling-back",
        tasks=named,
        reason="requested by `gitcoord rollback`",
    )
    run.record(recorded)
    done: dict[str, RollbackReport] = {}
    for name in names:
        done[name] = run.rolled_back(name)
        if done[name].state not in ("done", "already"):
            # Keep the others until this one is rolled back: it may depend on them.
            for rest in names[len(done) :]:
                say(f"{rest}: its tasks stay until {name} is rolled back")
            break
    run.update_parts()
    if all(report.state in ("done", "already") for report in done.values()):
        run.record(msgspec.structs.replace(recorded, state="rolled-back", reason="", at=now()))
    return done


def _require_nothing_on_top(across: AcrossContext, several: Repositories) -> None:
    """Raises `built-upon` if a landed task of another level, in any repository, depends on the level."""
    landed = several.landed(across.plan)
    inside = {task for tasks in landed.values() for task in tasks}
    on_top = [
        id
        for id, task in across.plan.tasks.items()
        if id in inside
        and task.level != across.level.number
        and set(task.depends_on) & set(across.level.tasks)
    ]
    if on_top:
        later = sorted({across.plan.tasks[task].level for task in on_top}, reverse=True)
        raise answer_no(
            "built-upon",
            f"{across.level.name} cannot be rolled back: landed tasks depend on it: {', '.join(on_top)}.",
            f"Roll the later levels back first: {' and '.join(map(_command, later))}.",
        )


def _command(level: int) -> str:
    return f"`gitcoord rollback {level}`"


def _opened(home: Context, *, writes: bool) -> Repositories:
    several = Repositories(home)
    for name, context in several.contexts.items():
        with in_repository(name):
            context.repository.require_history()
            if writes:
                context.repository.require_signer()
    several.refresh()
    return several


def _require(others: tuple[str, ...], command: str) -> None:
    if others:
        raise usage_error(
            "several-repositories",
            f"Over several repositories, `gitcoord {command}` does not accept {', '.join(others)}.",
            "Leave it out, and use the settings of each repository instead.",
        )


def _show_steps(run: AcrossRun, across: AcrossContext, *, as_json: bool) -> None:
    contexts = {name: run.context(name, save=False) for name in across.names}
    steps = {name: one.steps for name, one in preview_across(across, contexts).items()}
    if as_json:
        emit_json("landing-preview", {"level": across.level.name, "repositories": steps})
        return
    say("Nothing merges until all of these steps would succeed in every repository; then, in this order:")
    for name, lines in steps.items():
        for line in lines or ["nothing to do"]:
            emit(clean(f"{name}: {line}"))
