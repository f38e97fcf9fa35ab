"""Git's own protocol over HTTP, behind the token: what `git http-backend` does, which takes three processes.

https://git-scm.com/docs/gitprotocol-http
"""

import gzip
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.support.github.exchange import Answer
from tests.support.github.gitside import git_environment
from tests.support.github.tokens import git_password

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator
    from tests.support.github.server import RawRequest

_SERVICES = ("git-upload-pack", "git-receive-pack")
_FLUSH = b"0000"


def answer(hub: "GitHubEmulator", raw: "RawRequest") -> Answer:
    """The answer to a clone, fetch or push."""
    full_name = "/".join(raw.path.split("/")[1:3]).removesuffix(".git")
    moved = hub.moved_to(full_name)
    if moved is not None:
        # Before the login: git goes to the new address only if the very first answer leads there, and clones
        # of renamed repositories go on working with logins that git has to ask for.
        rest = "/".join(raw.path.split("/")[3:])
        return Answer(301, b"", {"Location": f"{moved.clone_url}/{rest}?{raw.query_string}"})
    token = hub.tokens.get(git_password(raw.authorization) or "")
    if token is None or not token.is_valid:
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'}
        return Answer(401, b"Repository not found.\n", headers)
    repository = hub.find(full_name)
    if repository is None:
        return Answer(404, b"Repository not found.\n")
    writes = "git-receive-pack" in f"{raw.path}?{raw.query_string}"
    if not token.has("contents", "write" if writes else "read"):
        refusal = f"Permission to {full_name}.git denied to {token.login}.\n"
        return Answer(403, refusal.encode())
    answered = _served(repository.git_dir, raw)
    if (
        raw.method == "POST"
        and raw.path.endswith("/git-receive-pack")
        and repository.lock.acquire(blocking=False)
    ):
        # Someone else holds the lock only during a REST request, and the next one syncs anyway.
        try:
            repository.sync()
        finally:
            repository.lock.release()
    return answered


def _served(git_dir: Path, raw: "RawRequest") -> Answer:
    """The answer of git itself, asked for its refs or sent what a client wants."""
    rest = raw.path.split("/", 3)[3]
    if raw.method == "GET" and rest == "info/refs":
        service = parse_qs(raw.query_string).get("service", [""])[0]
        kind, options, body = "advertisement", ["--http-backend-info-refs"], b""
    else:
        service = rest if raw.method == "POST" else ""
        kind, options = "result", []
        body = gzip.decompress(raw.body) if raw.headers.get("content-encoding") == "gzip" else raw.body
    if service not in _SERVICES:
        return Answer(404, b"Not Found\n")
    protocol = raw.headers.get("git-protocol", "")
    environment = {
        **git_environment(),
        "GIT_PROTOCOL": protocol,
        # Whose name is in the reflog.
        "GIT_COMMITTER_NAME": "mona",
        "GIT_COMMITTER_EMAIL": "mona@http.127.0.0.1",
    }
    done = subprocess.run(
        ["git", service.removeprefix("git-"), "--stateless-rpc", *options, "."],
        cwd=git_dir,
        input=body,
        capture_output=True,
        env=environment,
        check=False,
    )
    said = done.stdout
    if kind == "advertisement" and "version=2" not in protocol.split(":"):
        line = f"# service={service}\n".encode()
        said = b"%04x%b%b%b" % (len(line) + 4, line, _FLUSH, said)
    headers = {"Content-Type": f"application/x-{service}-{kind}", "Cache-Control": "no-cache, max-age=0"}
    return Answer(200, said, headers)
