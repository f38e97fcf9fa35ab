"""The HTTP server on loopback: reads requests, applies faults, writes answers or breaks the connection."""

import json
import os
import re
import socket
import socketserver
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.support.github import rest, smart_http, tokens
from tests.support.github.exchange import Answer
from tests.support.github.faults import HINDRANCES, Fault
from tests.support.github.spoiling import spoil

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator

_ENTERPRISE_PREFIX = "/api/v3"
_GIT_PATH = re.compile(r"/[^/]+/[^/]+\.git/")
_PATIENCE = 10.0


@dataclass(frozen=True)
class RawRequest:
    """A request as it came in, its path without the prefix that GitHub Enterprise has."""

    method: str
    path: str
    query_string: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    prefix: str = ""

    @property
    def authorization(self) -> str:
        """The credentials that came along."""
        return self.headers.get("authorization", "")

    @property
    def is_git(self) -> bool:
        """Whether this is git's own protocol."""
        return _GIT_PATH.match(self.path) is not None

    @property
    def is_graphql(self) -> bool:
        """Whether this is a GraphQL document."""
        return self.method == "POST" and self.path in ("/graphql", "/api/graphql")

    @property
    def line(self) -> str:
        """What faults are matched on."""
        return f"{self.method} {self.path}"

    @property
    def whole_line(self) -> str:
        """The same with the query: git's reads before a fetch and before a push differ by it alone."""
        return f"{self.line}?{self.query_string}" if self.query_string else self.line


class LoopbackServer:
    """Listens on a free port of 127.0.0.1 from its making on, serves between start and stop."""

    def __init__(self, hub: "GitHubEmulator") -> None:
        handler = type("Handler", (_Handler,), {"hub": hub})
        self._http = _HttpServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stops listening; connections that are open die with their clients."""
        if self._thread.is_alive():
            self._http.shutdown()
        self._http.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_bind(self) -> None:
        # The inherited method asks the name service for the host's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed leaves a broken connection: nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffered writes without Nagle's algorithm: 4 ms for a request in place of 44.
    wbufsize = -1
    disable_nagle_algorithm = True
    server_version = "github.com"
    sys_version = ""
    hub: "GitHubEmulator"

    def log_message(self, format: str, *arguments: object) -> None:
        """The hub keeps the log."""

    def handle_any(self) -> None:
        """Serves one request."""
        raw = self._read()
        self._served = 0.0
        time.sleep(self.hub.latency())
        if not raw.is_git:
            self.hub.postponed.progress(raw.line)
        self.hub.hands.move("before", raw.whole_line, raw.body)
        fault = self.hub.faults.take(raw.line)
        if fault is None:
            self._send(raw, self._answer(raw))
        elif fault.kind in HINDRANCES:
            self._send(raw, self._hindered(raw, fault))
        elif fault.kind == "truncate":
            self._send(raw, self._answer(raw), truncated=True)
        else:
            self._take_effect(raw, fault)
            self._fail(raw, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def _answer(self, raw: RawRequest, *, break_off: bool = False, stale: bool = False) -> Answer:
        if raw.is_git:
            answered = smart_http.answer(self.hub, raw)
        else:
            answered = rest.answer(self.hub, raw, break_off=break_off, stale=stale)
        self._served = 0.0 if stale else time.monotonic()
        self.hub.hands.move("after", raw.whole_line, raw.body)
        return answered

    def _take_effect(self, raw: RawRequest, fault: Fault) -> None:
        """What a request does that gets no proper answer: nothing, all, half, or all of it later."""
        if fault.kind == "late":
            self._served = time.monotonic()
            self.hub.postponed.add(raw.line, fault.reads, lambda: self._answer(raw, break_off=fault.partial))
            return
        if fault.kind == "wrong-tree-lost":
            spoil(self.hub, raw.path)
        if fault.when == "after" or fault.kind in ("partial-merge", "wrong-tree-lost"):
            self._answer(raw, break_off=fault.kind == "partial-merge")

    def _hindered(self, raw: RawRequest, fault: Fault) -> Answer:
        """The answer to a request that goes through, though not as it should."""
        if fault.kind in ("expire-token", "drop-permission"):
            tokens.spoil(self.hub.tokens, raw.authorization, fault.permission)
            return self._answer(raw)
        if fault.kind == "wrong-tree":
            spoil(self.hub, raw.path)
        if fault.when == "before":
            fault.hold()
        answer = self._answer(raw, stale=fault.kind == "stale")
        if fault.when == "after":
            fault.hold()
        return answer

    def _fail(self, raw: RawRequest, fault: Fault) -> None:
        if fault.kind in ("status", "partial-merge"):
            self._send(raw, Answer(fault.status, fault.body, fault.headers))
            return
        self.hub.record(raw, None, self._served)
        if fault.kill is not None:
            fault.kill()
            self._wait_for_end(raw)
        self.close_connection = True
        if fault.kind in ("reset", "late", "wrong-tree-lost"):
            # Closing with a linger time of zero sends RST, which the client sees as "connection reset".
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            os.close(self.connection.detach())

    def _wait_for_end(self, raw: RawRequest) -> None:
        """A killed client must not live to see its connection closed; a surviving child of it may."""
        if not raw.is_git:
            self.connection.settimeout(_PATIENCE)
            try:
                self.connection.recv(1)
            except OSError:
                return

    def _read(self) -> RawRequest:
        url = urllib.parse.urlsplit(self.path)
        path = url.path.removeprefix(_ENTERPRISE_PREFIX)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        prefix = url.path[: len(url.path) - len(path)]
        return RawRequest(self.command, path, url.query, query, headers, self._read_body(), prefix)

    def _read_body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            wanted = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(wanted)
            if len(body) < wanted:
                raise ConnectionResetError("the client has gone before it had said everything")
            return body
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, raw: RawRequest, answer: Answer, *, truncated: bool = False) -> None:
        self.hub.record(raw, None if truncated else answer.status, self._served)
        body, content_type = _encoded(answer)
        headers = {
            **({} if raw.is_git else {**_API_HEADERS, **self.hub.limit.headers()}),
            "content-type": content_type,
        }
        headers |= {name.lower(): value for name, value in answer.headers.items()}
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(_CASES[self.hub.header_case](name), value)
        if answer.status not in (204, 304):
            self.send_header(_CASES[self.hub.header_case]("content-length"), str(len(body)))
        self.end_headers()
        if truncated:
            self.close_connection = True
        self.wfile.write(body[: len(body) // 2] if truncated else body)


def _encoded(answer: Answer) -> tuple[bytes, str]:
    if answer.body is None:
        return b"", "application/json; charset=utf-8"
    if isinstance(answer.body, bytes):
        return answer.body, "text/html; charset=utf-8"
    return json.dumps(answer.body).encode(), "application/json; charset=utf-8"


_CASES: Mapping[str, Callable[[str], str]] = {"lower": str.lower, "title": str.title, "upper": str.upper}
_API_HEADERS = {
    "cache-control": "private, max-age=60, s-maxage=60",
    "x-github-media-type": "github.v3; format=json",
    "x-github-request-id": "0000:0000",
    "x-github-api-version-selected": "2022-11-28",
    "vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
}
