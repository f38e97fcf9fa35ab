"""`gitcoord pause` and `gitcoord resume`: pause a run and continue it."""

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from gitcoord.cli.context import Context

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
    from gitcoord.cli.across.each_repository import all_places, ask_each, together
    from gitcoord.cli.views.output import emit_json, say

    changes = ask_each(all_places(), lambda place: _change_in(place.context, state, reason, dry_run=dry_run))
    if as_json:
        emit_json("run-state", together([(place, change.document()) for place, change in changes]))
        return
    for place, change in changes:
        for sentence in change.sentences():
            say(place.says(sentence))


class RunChange(NamedTuple):
    """The state of one repository's run after the command.

    `opened`: whether the command cleared a usage limit, or would with `dry_run`. `known`: whether there is a
    run.
    """

    state: Literal["paused", "running"]
    changed: bool
    opened: bool
    known: bool
    dry_run: bool

    def document(self) -> dict[str, object]:
        """Returns the JSON document of the change."""
        return {
            "state": self.state,
            "changed": self.changed,
            "opened": self.opened,
            "dry_run": self.dry_run,
        }

    def sentences(self) -> list[str]:
        """Returns the lines to print."""
        found = []
        if self.opened:
            found.append(f"{'Would clear' if self.dry_run else 'Cleared'} the agents' usage limit.")
        if self.known:
            verb = "is" if not self.changed else "would be" if self.dry_run else "is now"
            found.append(f"The run {verb} {self.state}.")
        return found


def _change_in(
    context: "Context", state: Literal["paused", "running"], reason: str, *, dry_run: bool
) -> RunChange:
    """Pauses or resumes the run of one repository. Raises `no-run` (exit 1)."""
    from gitcoord.errors import answer_no
    from gitcoord.event_stamp import now, worker_name
    from gitcoord.events import RunChanged
    from gitcoord.run.polling import report_change
    from gitcoord.state.accounts import account_of, closed_now, open_account
    from gitcoord.worker.attempt.paths import run_directory

    before = context.store.run()
    opened = state == "running" and closed_now(context.store, context.settings.run) is not None
    if opened and not dry_run:
        open_account(context.store, account_of(context.settings.run))
        report_change(run_directory(context.repository.common_dir, context.store.generation))
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
        report_change(run_directory(context.repository.common_dir, context.store.generation))
    known = before is not None and before.state != "ended"
    return RunChange(state=state, changed=changed, opened=opened, known=known, dry_run=dry_run)
