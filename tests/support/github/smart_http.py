"""Git's own protocol over HTTP: `git http-backend` behind the token."""

import subprocess
from typing import TYPE_CHECKING

from tests.support.github.exchange import Answer
from tests.support.github.gitside import git_environment
from tests.support.github.tokens import git_password

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator
    from tests.support.github.server import RawRequest

_PASSED_ON = ("content-encoding", "git-protocol", "accept")


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
    answered = _run_backend(hub, raw)
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


def _run_backend(hub: "GitHubEmulator", raw: "RawRequest") -> Answer:
    environment = {
        **git_environment(),
        "GIT_PROJECT_ROOT": str(hub.root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": raw.path,
        "QUERY_STRING": raw.query_string,
        "REQUEST_METHOD": raw.method,
        "CONTENT_TYPE": raw.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(raw.body)),
        "REMOTE_USER": "mona",
        "REMOTE_ADDR": "127.0.0.1",
    }
    for name in _PASSED_ON:
        if name in raw.headers:
            environment["HTTP_" + name.upper().replace("-", "_")] = raw.headers[name]
    done = subprocess.run(
        ["git", "http-backend"], input=raw.body, capture_output=True, env=environment, check=False
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    status, headers = 200, {}
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "status":
            status = int(value.split()[0])
        elif name:
            headers[name] = value
    return Answer(status, body, headers)
