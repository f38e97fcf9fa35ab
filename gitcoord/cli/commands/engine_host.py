"""`gitcoord engine-host`: runs attempts for a run on another machine, which calls it over SSH."""

import sys

import typer

from gitcoord.cli.app import app

_EPILOG = """\b
Examples:
  ssh build1 gitcoord engine-host < request.json
"""


@app.command("engine-host", epilog=_EPILOG)
def engine_host() -> None:
    """Answer one request of a run on another machine: JSON on stdin, JSON on stdout.

    `gitcoord run --engine ssh` calls it; you do not need to.
    """
    import msgspec

    from gitcoord import __version__
    from gitcoord.engines.host import HostRequest
    from gitcoord.errors import usage_error
    from gitcoord.worker.attempt.host import answer

    try:
        request = msgspec.json.decode(sys.stdin.buffer.read(), type=HostRequest)
    except msgspec.DecodeError as error:
        way_out = "`gitcoord run --engine ssh` calls this by itself."
        raise usage_error("usage", f"stdin is not a request: {error}.", way_out) from error
    reply = answer(request, __version__)
    sys.stdout.buffer.write(msgspec.json.encode(reply) + b"\n")
    sys.stdout.buffer.flush()
    if reply.refused:
        raise typer.Exit(1)
