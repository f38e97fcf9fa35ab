"""`gitcoord container-script`: prints the start script of worker containers."""

from typing import Annotated

import typer

from gitcoord.cli.app import app

_EPILOG = """\b
Examples:
  gitcoord container-script > /opt/worker.sh  # for the image's Dockerfile
  gitcoord container-script | bash            # in a container that is set up
"""


@app.command("container-script", epilog=_EPILOG)
def container_script(
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.container-script/1 document on stdout.")
    ] = False,
) -> None:
    """Print container-base.sh, which runs one task in a container: clone, `gitcoord worker`, landing.

    The comment at its top lists the environment variables that it needs.
    """
    import sys

    from gitcoord.cli.packaged_files import packaged
    from gitcoord.cli.views.output import emit_json

    script = packaged("scripts/container-base.sh").read_bytes()
    if as_json:
        emit_json("container-script", {"script": script.decode("utf-8")})
        return
    sys.stdout.buffer.write(script)
    sys.stdout.buffer.flush()
