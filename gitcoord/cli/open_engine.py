"""Opens the engine of a run: this machine, or hosts over SSH."""

import shlex
from pathlib import Path

from gitcoord.cli.context import Context
from gitcoord.engines.engine import Engine
from gitcoord.engines.local import LocalEngine
from gitcoord.errors import GitcoordError, usage_error


def open_engine(
    context: Context, run: Path, generation: int, asked: str | None, hosts: tuple[str, ...]
) -> Engine:
    """Opens the engine of the options or the settings, with its files in `run`. Raises `usage` (exit 2)."""
    name, ssh = asked or ("ssh" if hosts else context.settings.run.engine), context.settings.engines.ssh
    if name == "local":
        if hosts:
            raise usage_error("usage", "--hosts needs --engine ssh.", "Leave out --engine local.")
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
    """Raises `engine-refused` (exit 3) if the engine cannot be used from this machine."""
    if (trouble := engine.check()) is not None:
        raise GitcoordError("engine-refused", trouble.message, hint=trouble.hint)


def _url(context: Context) -> str:
    """Returns the URL that the hosts clone: the remote's, without a login. Raises `usage` (exit 2)."""
    from gitcoord.git.remotes import read_remotes, without_login

    remote = read_remotes(context.repository.git).get(context.repository.remote or "")
    if remote is None or not remote.url:
        message = "This repository has no remote, and workers elsewhere need one to clone."
        raise usage_error("usage", message, "Add one with `git remote add`.")
    return without_login(remote.url)
