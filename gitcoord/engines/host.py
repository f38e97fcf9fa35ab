"""What a coordinator asks of a machine that does attempts, and its answer: one JSON document each way."""

import base64
from collections.abc import Mapping

import msgspec

from gitcoord.engines.engine import AttemptView, Launch
from gitcoord.engines.local import LocalEngine

REQUEST_VARIABLE = "GITCOORD_REQUEST"
"""Where a container or a batch job finds its request."""
LOG_BYTES = 8 << 20
"""Most bytes of a log in one answer."""


class HostRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `secrets` are values for the environment of what is started; they are on no command line.

    `repository` is the URL that the machine clones into a cache of its own, `generation` that of the plan's
    task list. `run` names the directory of attempts where there is no repository. `code_file` is where an
    attempt in the foreground leaves its exit code, for an engine on the same file system.
    """

    repository: str = ""
    generation: int = 1
    run: str = ""
    start: Launch | None = None
    secrets: Mapping[str, str] = {}
    poll: tuple[str, ...] = ()
    cancel: str = ""
    log: str = ""
    offset: int = 0
    code_file: str = ""


class HostAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the call; `refused` says why it was not done. `log` is in Base64; `more` follows."""

    version: str
    views: tuple[AttemptView, ...] = ()
    log: str = ""
    more: bool = False
    refused: str = ""

    def text(self) -> bytes:
        """The bytes of the log."""
        return base64.b64decode(self.log)


def answer_with(engine: LocalEngine, request: HostRequest, version: str) -> HostAnswer:
    """Do what is asked with the engine of this machine. Raises what starting raises."""
    if request.start is not None:
        engine.start(request.start)
    if request.cancel:
        engine.cancel(request.cancel)
    views = engine.poll(request.poll) if request.poll else {}
    part, more = _log(engine.log(request.log), request.offset) if request.log else (b"", False)
    return HostAnswer(
        version=version, views=tuple(views.values()), log=base64.b64encode(part).decode(), more=more
    )


def _log(path: str | None, offset: int) -> tuple[bytes, bool]:
    if path is None:
        return b"", False
    with open(path, "rb") as log:  # noqa: PTH123 - a path of the engine's own
        log.seek(offset)
        part = log.read(LOG_BYTES)
        return part, bool(log.read(1))
