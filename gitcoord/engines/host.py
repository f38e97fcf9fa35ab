"""A coordinator's request to a machine that runs attempts, and the answer: one JSON document each."""

import base64
from collections.abc import Mapping

import msgspec

from gitcoord.engines.engine import AttemptView, Launch
from gitcoord.engines.local import LocalEngine

REQUEST_VARIABLE = "GITCOORD_REQUEST"
"""The variable that has the request in a container or a batch job."""
LOG_BYTES = 8 << 20
"""The maximum size of a log in one answer, in bytes."""


class HostRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `secrets` are values for the environment of the started process; no command line has them.

    `repository` is the URL that the machine clones into its own cache, `generation` that of the plan's task
    list. `run` names the directory of attempts if there is no repository. `code_file` is the file into which
    an attempt in the foreground writes its exit code, for an engine on the same file system.
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
    """The result of a request; `refused`: why it was not performed.

    `log` is in Base64; `more`: the log has more bytes.
    """

    version: str
    views: tuple[AttemptView, ...] = ()
    log: str = ""
    more: bool = False
    refused: str = ""

    def text(self) -> bytes:
        """The bytes of the log."""
        return base64.b64decode(self.log)


def encoded(request: HostRequest) -> str:
    """Returns a request as text for an environment variable, which no engine expands: JSON in Base64."""
    return base64.b64encode(msgspec.json.encode(request)).decode()


def decoded(text: str) -> HostRequest:
    """Decodes the text that `encoded` returned. Raises msgspec.DecodeError."""
    try:
        sent = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from error
    return msgspec.json.decode(sent, type=HostRequest)


def answer_with(engine: LocalEngine, request: HostRequest, version: str) -> HostAnswer:
    """Performs the request with this machine's engine. Raises the errors of starting an attempt."""
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
