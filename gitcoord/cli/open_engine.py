"""The engine of a run: this machine, or hosts behind SSH."""

import shlex
from pathlib import Path

from gitcoord.cli.context import Context
from gitcoord.engines.engine import Engine
from gitcoord.engines.local import LocalEngine
from gitcoord.errors import GitcoordError, usage_error


def open_engine(
    context: Context, run: Path, generation: int, asked: str | None, hosts: tuple[str, ...]
) -> Engine:
    """The engine that was asked for or set, with what it keeps under `run`. Raises `usage` (exit 2)."""
    name, ssh = asked or ("ssh" if hosts else context.settings.run.engine), context.settings.engines.ssh
    if name == "local":
        if hosts:
            raise usage_error("usage", "--hosts goes with --engine ssh.", "Leave out --engine local.")
        return LocalEngine(run)
    from gitcoord.engines.ssh import SshEngine, read_hosts

    known = read_hosts(hosts or ssh.hosts)
    if not known:
        way_out = "Name them with --hosts build1,build2:3, or as `hosts` in [engines.ssh] in the settings."
        raise usage_error("usage", "The engine ssh has no hosts.", way_out)
    return SshEngine(
        run,
        known,
        repository=_url(context),
        generation=generation,
        ssh=shlex.split(ssh.command),
        program=ssh.program,
    )


def require_engine(engine: Engine) -> None:
    """Raises `engine-refused` (exit 3) when the engine cannot be used from here."""
    if (trouble := engine.check()) is not None:
        raise GitcoordError("engine-refused", trouble.message, hint=trouble.hint)


def _url(context: Context) -> str:
    """What the hosts clone: the remote's URL, without a login."""
    from gitcoord.git.remotes import read_remotes, without_login

    remote = read_remotes(context.repository.git).get(context.repository.remote or "")
    if remote is None or not remote.url:
        message = "This repository has no remote, and workers elsewhere need one to clone."
        raise usage_error("usage", message, "Add one with `git remote add`.")
    return without_login(remote.url)
