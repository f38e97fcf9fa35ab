"""Runs attempts on this machine for a run on another machine, in a clone and with the local engine."""

import hashlib
import os
import re
import socket
from pathlib import Path

import msgspec

from gitcoord.engines.foreground import attend
from gitcoord.engines.host import REQUEST_VARIABLE, HostAnswer, HostRequest, answer_with
from gitcoord.engines.local import LocalEngine
from gitcoord.errors import GitcoordError, usage_error
from gitcoord.git.credentials import git_auth_environment
from gitcoord.git.git_cli import Git
from gitcoord.redact import redact
from gitcoord.worker.attempt.paths import run_directory

_BROKEN_OFF = 1


def answer(request: HostRequest, version: str) -> HostAnswer:
    """Executes a request on this machine; returns an error as part of the answer."""
    try:
        if not request.repository:
            return answer_with(LocalEngine(Path(request.run or os.devnull)), _resolved(request), version)
        clone = clone_directory(request.repository)
        if request.start is not None:
            _prepare(clone, request.repository)
        engine = LocalEngine(run_directory(clone / ".git", request.generation))
        return answer_with(engine, _resolved(request, str(clone)), version)
    except GitcoordError as error:
        return HostAnswer(version=version, refused=redact(f"{error.message} {error.hint}".strip()))
    except OSError as error:
        what = f"{error.strerror or error} {error.filename or ''}".strip()
        return HostAnswer(version=version, refused=redact(what))


def attend_here(request: HostRequest, parent: int | None = None) -> int:
    """Executes the requested attempt in the foreground; returns its exit code.

    Ends the attempt when the process `parent`, which started this one, has ended. Writes the exit code to the
    request's `code_file`, if it names one. Raises the errors of cloning and starting.
    """
    code = _BROKEN_OFF
    try:
        code = _attend(request, parent)
    finally:
        if request.code_file:
            part = Path(f"{request.code_file}.part")
            part.write_text(f"{code}\n", encoding="ascii")
            part.replace(request.code_file)
    return code


def _attend(request: HostRequest, parent: int | None) -> int:
    if request.start is None:
        hint = "gitcoord's engines write such requests; do not write them yourself."
        raise usage_error("usage", "The request contains no attempt.", hint)
    run, launch = Path(request.run), request.start
    if request.repository:
        clone = clone_directory(request.repository)
        _prepare(clone, request.repository)
        run = run_directory(clone / ".git", request.generation)
        launch = msgspec.structs.replace(launch, directory=str(clone))
    # The attempt must not see the request: a gitcoord that it starts would take it for its own.
    os.environ.pop(REQUEST_VARIABLE, None)
    os.environ.update(request.secrets)
    return attend(LocalEngine(run), launch, parent=parent)


def clone_directory(url: str) -> Path:
    """The directory of this machine's clone of `url`, in the user's cache directory.

    The path contains the machine's name: several machines may share one home directory, but a record of a
    process is valid on one machine only.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = (
        re.sub(r"[^A-Za-z0-9]+", "-", url.removesuffix(".git").rpartition("/")[2]).strip("-") or "repository"
    )
    return (
        cache
        / "gitcoord"
        / "clones"
        / socket.gethostname()
        / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
    )


def _resolved(request: HostRequest, directory: str = "") -> HostRequest:
    """Adds the request's secrets to the environment; returns the request for `directory`, if given."""
    launch = request.start
    if launch is None:
        return request
    os.environ.update(request.secrets)
    own = msgspec.structs.replace(launch, directory=directory or launch.directory)
    return msgspec.structs.replace(request, start=own)


def _prepare(clone: Path, url: str) -> None:
    """Clones or fetches the repository, and checks out the default branch for its settings and task list."""
    from filelock import FileLock

    clone.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{clone}.lock"):
        login = git_auth_environment(url)
        git = Git(clone, login)
        if clone.exists():
            git.run("fetch", "--quiet", "origin")
        else:
            part = clone.with_name(f"{clone.name}.part")
            Git(clone.parent, login).run("clone", "--quiet", "--", url, str(part))
            part.replace(clone)
        git.run("checkout", "--quiet", "--force", "--detach", "refs/remotes/origin/HEAD", ok=())
