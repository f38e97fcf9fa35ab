"""`gitcoord check-file`: which other tasks touch these files. `quick` answers most calls before this."""

from typing import Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.complete import complete_task

_EPILOG = """\b
For the hook that a coding agent runs before it writes a file, exit 1 means that another task is at it:
  Claude Code  PreToolUse on Edit|Write:
               f=$(jq -r .tool_input.file_path); gitcoord check-file "$f" >&2 || exit 2
  git          .git/hooks/pre-commit:
               git diff --cached --name-only -z | xargs -0 -r gitcoord check-file
  any shell    gitcoord check-file src/main.rs || echo "somebody else is at it"
"""

_Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Files or directories.", show_default=False)
]
_Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        autocompletion=complete_task,
        help="Whose question it is; default: the task that is checked out.",
    ),
]
_Fetch = Annotated[bool, typer.Option("--fetch", help="Ask the remote first; without it no network is used.")]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.files/1 document on stdout.")]


@app.command("check-file", epilog=_EPILOG)
def check_file(
    paths: _Paths,
    task: _Task = None,
    fetch: _Fetch = False,
    as_json: _Json = False,
) -> None:
    """Say which other tasks' branches touch each PATH, and in which lines of the base.

    Exit code 0 when nobody does, 1 when somebody does. It knows what was last fetched (by any command, or
    with --fetch) and the branches of this clone.
    """
    import os
    import time

    from gitcoord.cli import quick
    from gitcoord.cli.context import open_context
    from gitcoord.errors import usage_error
    from gitcoord.running.model import find_task
    from gitcoord.running.touched import find_touched

    context = open_context(reads=True)
    root = context.repository.require_working_tree()
    named = [quick.inside(os.path.realpath(root), path) for path in paths]
    outside = [path for path, name in zip(paths, named, strict=True) if name is None]
    if outside:
        raise usage_error(
            "outside", f"{outside[0]} is outside of {root}.", "Name files of this working tree."
        )
    if fetch:
        context.store.refresh()
    common = str(context.repository.common_dir)
    state, now = quick.fingerprint(common), time.time_ns()
    touches = [
        (
            one.path,
            one.task,
            one.branch,
            one.title.replace("\0", " "),
            " ".join(f"{a}-{b}" if a != b else str(a) for a, b in one.lines),
        )
        for one in find_touched(context.repository, context.shared, context.store)
    ]
    quick.write_touched(common, state, now, touches)
    own = (
        find_task(context.store.require_plan(), task).branch
        if task
        else context.repository.current_branch() or ""
    )
    raise typer.Exit(quick.answer([name or "" for name in named], touches, own, as_json=as_json))
