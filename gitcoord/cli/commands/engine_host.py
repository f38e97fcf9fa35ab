"""`gitcoord engine-host`: runs attempts, over SSH or in a container, for a run that is on another machine."""

import os
import sys
from typing import Annotated

import typer

from gitcoord.cli.app import app

_EPILOG = """\b
Examples:
  ssh build1 gitcoord engine-host < request.json
"""


@app.command("engine-host", epilog=_EPILOG)
def engine_host(
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Run the attempt, print its log, exit with its code.")
    ] = False,
    parent: Annotated[
        int | None,
        typer.Option("--parent", metavar="PID", help="With --foreground: stop when this process ends."),
    ] = None,
) -> None:
    """Answer one request of a run on another machine: JSON on stdin, JSON on stdout.

    `gitcoord run` calls this command on the machines of the run's engine; you do not need to. If
    $GITCOORD_REQUEST contains a request, the command does not read stdin. Exit code 1 if it refuses the
    request.
    """
    import msgspec

    from gitcoord import __version__
    from gitcoord.engines.host import REQUEST_VARIABLE, HostRequest, decoded
    from gitcoord.errors import usage_error
    from gitcoord.worker.attempt.host import answer, attend_here

    try:
        if sent := os.environ.get(REQUEST_VARIABLE, ""):
            request = decoded(sent)
        else:
            request = msgspec.json.decode(sys.stdin.buffer.read(), type=HostRequest)
    except msgspec.DecodeError as error:
        way_out = "`gitcoord run --engine ssh` calls this by itself."
        raise usage_error("usage", f"That is not a request: {error}.", way_out) from error
    if foreground:
        raise typer.Exit(attend_here(request, parent))
    reply = answer(request, __version__)
    sys.stdout.buffer.write(msgspec.json.encode(reply) + b"\n")
    sys.stdout.buffer.flush()
    if reply.refused:
        raise typer.Exit(1)
