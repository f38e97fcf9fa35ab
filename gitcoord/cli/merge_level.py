"""`gitcoord merge-level`."""

from typing import Annotated

import typer

from gitcoord.cli.app import app

_EXAMPLES = """Examples:

  gitcoord merge-level level-0

  gitcoord merge-level 0 --strategy multi-pr --method squash --wait 30m

  gitcoord merge-level --dry-run
"""


@app.command("merge-level", epilog=_EXAMPLES)
def merge_level(
    level: Annotated[
        str | None,
        typer.Argument(
            help="level-0 or 0; default: the first level that has not landed.", show_default=False
        ),
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="single-pr or multi-pr; default: the plan's.")] = None,
    method: Annotated[str | None, typer.Option(help="merge, squash or rebase.")] = None,
    wait: Annotated[
        str | None, typer.Option(help="How long to wait for workers and gates, such as 30m or 1h.")
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Single-PR: land what is handed in, without the rest of the wave."),
    ] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Single-PR: stop when any task conflicts.")
    ] = False,
    serialize_on: Annotated[
        str | None, typer.Option(help="conflict (default) or overlap: what puts tasks into different waves.")
    ] = None,
    forge: Annotated[str | None, typer.Option(help="auto, github or local.")] = None,
    repository: Annotated[str | None, typer.Option(help="OWNER/NAME on GitHub.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show every step, take none.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.landing/1 document on stdout.")
    ] = False,
) -> None:
    """Open the pull requests of LEVEL and merge them, one at a time, in an order that works.

    Exit code 0 when the whole level is in the base, 1 when something was deferred or is waited for. Killed at
    any moment and started again, it goes on where the world is.
    """
    from gitcoord.cli.context import open_context
    from gitcoord.cli.landing_view import show_report
    from gitcoord.cli.merge_options import make_options, make_scene
    from gitcoord.cli.output import emit, emit_json, say
    from gitcoord.merging.land import Lander
    from gitcoord.merging.order import with_real_order
    from gitcoord.merging.preview import preview

    context = open_context()
    context.repository.require_history()
    context.store.refresh()
    plan = context.store.require_plan()
    options = make_options(
        plan,
        context.settings,
        strategy=strategy,
        method=method,
        wait=wait,
        partial=partial,
        all_or_nothing=all_or_nothing,
        serialize_on=serialize_on,
    )
    scene = make_scene(context, plan, level, options, forge=forge, repository=repository)
    scene = with_real_order(scene, save=not dry_run)
    if dry_run:
        steps = preview(scene)
        if as_json:
            emit_json("landing-preview", {"level": scene.level.name, "steps": steps})
        else:
            for step in steps:
                emit(step)
        return
    report = Lander(scene, say).land()
    if as_json:
        emit_json("landing", report)
    else:
        show_report(report)
    if not report.complete:
        raise typer.Exit(1)
