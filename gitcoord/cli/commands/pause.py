"""`gitcoord pause` and `gitcoord resume`: pause a run and continue it."""

from typing import Annotated, Literal

import typer

from gitcoord.cli.app import app

_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.run-state/1 document on stdout.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Record nothing.")]


@app.command("pause", epilog="\b\nExamples:\n  gitcoord pause --reason 'the build is red'\n")
def pause(
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="The reason, shown to other users.")
    ] = "",
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Pause the run: start no more tasks. Running tasks continue.

    Works from any clone. `gitcoord resume` continues the run.
    """
    _change("paused", reason, dry_run=dry_run, as_json=as_json)


@app.command("resume", epilog="\b\nExamples:\n  gitcoord resume\n")
def resume(dry_run: _DryRun = False, as_json: _Json = False) -> None:
    """Resume a paused run. Also clears a usage limit that stopped the agents."""
    _change("running", "", dry_run=dry_run, as_json=as_json)


def _change(state: Literal["paused", "running"], reason: str, *, dry_run: bool, as_json: bool) -> None:
    from gitcoord.cli.context import open_context
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.errors import answer_no
    from gitcoord.events import RunChanged
    from gitcoord.run.polling import poke
    from gitcoord.state.accounts import account_of, closed_now, open_account
    from gitcoord.state.journal import now, worker_name
    from gitcoord.worker.attempt.paths import run_directory

    context = open_context()
    context.store.refresh()
    before = context.store.run()
    opened = state == "running" and closed_now(context.store, context.settings.run) is not None
    if opened and not dry_run:
        open_account(context.store, account_of(context.settings.run))
        poke(run_directory(context.repository.common_dir, context.store.generation))
    if (before is None or before.state == "ended") and not opened:
        raise answer_no("no-run", "No run is under way.", "`gitcoord run` starts one.")
    changed = before is not None and before.state not in (state, "ended")
    if before is not None and changed and not dry_run:
        event = RunChanged(
            at=now(),
            by=worker_name(),
            state=state,
            engine=before.engine,
            max_parallel=before.max_parallel,
            reason=reason,
        )
        context.store.record(event)
        poke(run_directory(context.repository.common_dir, context.store.generation))
    if as_json:
        result = {"state": state, "changed": changed, "opened": opened, "dry_run": dry_run}
        emit_json("run-state", result)
        return
    if opened:
        say(f"{'Would clear' if dry_run else 'Cleared'} the agents' usage limit.")
    if before is not None and before.state != "ended":
        say(f"The run {'is' if not changed else 'would be' if dry_run else 'is now'} {state}.")
