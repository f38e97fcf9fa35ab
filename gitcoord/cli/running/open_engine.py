"""Opens the engine of a run: this machine, hosts over SSH, or a cluster."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.planning.parameters import read_parameters
from gitcoord.durations import parse_duration
from gitcoord.engine_settings import ArgoSettings, KubernetesSettings
from gitcoord.engines.engine import Engine
from gitcoord.engines.local import LocalEngine
from gitcoord.errors import GitcoordError, usage_error

if TYPE_CHECKING:
    from gitcoord.engines.attempt_kind import AttemptShape

_OWN_PARAMETERS = frozenset(("request", "secret"))
_TEMPLATE_WAY_OUT = "`template` in [engines.kubernetes] names a file with one Job, kind: Job."


class EngineChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The engine that the options choose, and its options. For None and empty values, the settings apply."""

    name: str | None = None
    hosts: tuple[str, ...] = ()
    scheduler: str = ""
    template: str = ""
    parameters: tuple[str, ...] = ()

    def options(self) -> tuple[tuple[str, bool, str], ...]:
        """Returns each option that only one engine has: its name, whether it is given, and the engine."""
        return (
            ("--hosts", bool(self.hosts), "ssh"),
            ("--scheduler", bool(self.scheduler), "dask"),
            ("--template", bool(self.template), "argo"),
            ("--param", bool(self.parameters), "argo"),
        )

    def engine_of(self, usual: str) -> str:
        """Returns the named engine, else the engine of the first option given, else `usual`."""
        return self.name or next((engine for _, given, engine in self.options() if given), usual)


def engine_choice(
    name: str | None,
    hosts: str | None,
    scheduler: str | None,
    template: str | None,
    parameters: Sequence[str] | None,
) -> EngineChoice:
    """Returns the choice from the options of the command line; commas separate the `hosts`."""
    return EngineChoice(
        name=name,
        hosts=tuple(filter(None, (hosts or "").split(","))),
        scheduler=scheduler or "",
        template=template or "",
        parameters=tuple(parameters or ()),
    )


def open_engine(context: Context, run: Path, generation: int, choice: EngineChoice) -> Engine:
    """Opens the engine of the options or the settings, with its files in `run`. Raises `usage` (exit 2)."""
    name = choice.engine_of(context.settings.run.engine)
    for option, given, engine in choice.options():
        if given and name != engine:
            raise usage_error("usage", f"{option} needs --engine {engine}.", f"Leave out --engine {name}.")
    if name == "local":
        return LocalEngine(run)
    if name == "kubernetes":
        return _kubernetes(context, run, generation)
    if name == "slurm":
        return _slurm(context, run, generation)
    if name == "argo":
        return _argo(context, run, generation, choice)
    if name == "dask":
        return _dask(context, run, generation, choice.scheduler)
    return _ssh(context, run, generation, choice.hosts)


def _ssh(context: Context, run: Path, generation: int, hosts: tuple[str, ...]) -> Engine:
    from gitcoord.engines.ssh import SshEngine, read_hosts

    ssh = context.settings.engines.ssh
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
        directory=_directory(context, "ssh"),
    )


def _slurm(context: Context, run: Path, generation: int) -> Engine:
    from gitcoord.engines.slurm import SlurmEngine

    own = context.settings.engines.slurm
    return SlurmEngine(
        run,
        repository=_url(context),
        generation=generation,
        options=own.options,
        program=own.program,
        slots=own.slots,
    )


def _dask(context: Context, run: Path, generation: int, scheduler: str) -> Engine:
    import importlib.util

    from gitcoord.engines.dask_address import check_scheduler

    own = context.settings.engines.dask
    address = scheduler or own.scheduler
    if not address:
        way_out = "Name it with --scheduler tcp://HOST:8786, or as `scheduler` in [engines.dask]."
        raise usage_error("usage", "The engine dask has no scheduler.", way_out)
    check_scheduler(address, unprotected=own.unprotected)
    if importlib.util.find_spec("distributed") is None:
        raise usage_error(
            "usage", "The engine dask needs the package distributed.", "Install gitcoord[dask]."
        )
    from gitcoord.engines.dask import DaskEngine

    return DaskEngine(run, address, repository=_url(context), generation=generation, resource=own.resource)


def _kubernetes(context: Context, run: Path, generation: int) -> Engine:
    from gitcoord.engines.kubernetes_manifest import PodShape

    own = context.settings.engines.kubernetes
    template = _manifest_template(_directory(context, "kubernetes"), own.template) if own.template else {}
    if not own.image and not template:
        way_out = "Set `image` or `template` in [engines.kubernetes]: see `gitcoord help engines`."
        raise usage_error("usage", "The engine kubernetes has no image.", way_out)
    shape = PodShape(
        image=own.image,
        secret=own.secret,
        service_account=own.service_account,
        cpu=own.cpu,
        memory=own.memory,
        keep_seconds=int(parse_duration(own.keep) or 0),
        template=template,
    )
    return _on_cluster(context, run, generation, own, shape)


def _argo(context: Context, run: Path, generation: int, choice: EngineChoice) -> Engine:
    from gitcoord.engines.argo_manifest import WorkflowShape

    own = context.settings.engines.argo
    template = choice.template or own.template
    if not template:
        way_out = (
            "Name it with --template NAME, or as `template` in [engines.argo]: see `gitcoord help engines`."
        )
        raise usage_error("usage", "The engine argo has no WorkflowTemplate.", way_out)
    shape = WorkflowShape(
        template=template,
        parameters={**own.parameters, **read_parameters(choice.parameters, _OWN_PARAMETERS)},
        secret=own.secret,
        keep_seconds=int(parse_duration(own.keep) or 0),
    )
    return _on_cluster(context, run, generation, own, shape)


def _on_cluster(
    context: Context,
    run: Path,
    generation: int,
    own: KubernetesSettings | ArgoSettings,
    shape: "AttemptShape",
) -> Engine:
    """Opens the engine that reaches a cluster through the user's `kubectl`."""
    from gitcoord.engines.kubernetes import KubernetesEngine

    return KubernetesEngine(
        run,
        shape,
        repository=_url(context),
        generation=generation,
        kubectl=shlex.split(own.command),
        directory=_directory(context, shape.kind.engine),
        namespace=own.namespace,
        slots=own.slots,
        starting=parse_duration(own.start_timeout) or 0.0,
    )


def _manifest_template(directory: Path | None, file: str) -> dict[str, Any]:
    """Reads the Job in a YAML or JSON file. Raises `usage` (exit 2)."""
    import yaml

    try:
        text = ((directory or Path()) / file).read_text(encoding="utf-8")
        read = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise usage_error("usage", f"{file} cannot be read: {why}.", _TEMPLATE_WAY_OUT) from error
    if not isinstance(read, dict) or read.get("kind") != "Job":
        raise usage_error("usage", f"{file} holds no Job.", _TEMPLATE_WAY_OUT)
    return read


def require_engine(engine: Engine) -> None:
    """Raises `engine-refused` (exit 3) if the engine cannot be used from this machine."""
    if (trouble := engine.check()) is not None:
        raise GitcoordError("engine-refused", trouble.message, hint=trouble.hint)


def _directory(context: Context, engine: str) -> Path | None:
    """Returns the top of the repository that has the engine's settings: their paths are relative to it."""
    return context.engine_directories.get(engine, context.repository.root)


def _url(context: Context) -> str:
    """Returns the URL that the hosts clone: the remote's, without a login. Raises `usage` (exit 2)."""
    from gitcoord.git.remotes import read_remotes, without_login

    remote = read_remotes(context.repository.git).get(context.repository.remote or "")
    if remote is None or not remote.url:
        message = "This repository has no remote, and workers elsewhere need one to clone."
        raise usage_error("usage", message, "Add one with `git remote add`.")
    return without_login(remote.url)
