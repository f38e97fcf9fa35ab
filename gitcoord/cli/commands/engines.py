"""`gitcoord engines`: lists where attempts can run, and what each engine needs."""

import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitcoord.cli.documents.setup_types import EngineRow
    from gitcoord.engine_settings import DaskSettings, EngineSettings

_EPILOG = """\b
Examples:
  gitcoord engines                     # where attempts can run
  gitcoord doctor --engine kubernetes  # whether that one works
"""


@app.command("engines", epilog=_EPILOG)
def engines(
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.engines/1 document on stdout.")
    ] = False,
) -> None:
    """List where attempts can run, and what each engine needs. Contacts none of them.

    In a plan over several repositories, the settings of the home repository apply to all, except where a
    repository has its own [engines.NAME].
    """
    from gitcoord.cli.across.each_repository import settings_places, together
    from gitcoord.cli.views.output import clean, emit, emit_json

    answers = []
    for place in settings_places(reads=True):
        settings = place.context.settings
        answers.append((place, {"engines": list(_rows(settings.engines, settings.run.engine))}))
    if as_json:
        emit_json("engines", together(answers))
        return
    alike: dict[tuple[str, ...], list[str]] = {}
    for place, answer in answers:
        alike.setdefault(tuple(map(_line, answer["engines"])), []).append(place.name)
    for lines, names in alike.items():
        if len(alike) > 1:
            emit(clean(f"In {', '.join(names)}:"))
        for line in lines:
            emit(clean(line))
    emit(
        "* marks the engine that `run` uses unless --engine names another; "
        "`gitcoord doctor --engine NAME` tries one."
    )


def _line(row: "EngineRow") -> str:
    mark = "*" if row["chosen"] else " "
    state = f"needs {', '.join(row['missing'])}" if row["missing"] else "set up"
    return f"{mark} {row['name']:<12}{row['purpose']}: {state}"


def _rows(own: "EngineSettings", chosen: str) -> "Iterator[EngineRow]":
    import shlex

    ssh, kubernetes = own.ssh, own.kubernetes
    named = {
        "local": ("this machine", (), ()),
        "ssh": (
            "machines that you reach by ssh",
            shlex.split(ssh.command)[:1],
            () if ssh.hosts else ("`hosts` in [engines.ssh], or `run --hosts`",),
        ),
        "kubernetes": (
            "a cluster, one Job for each attempt",
            shlex.split(kubernetes.command)[:1],
            () if kubernetes.image or kubernetes.template else ("`image` in [engines.kubernetes]",),
        ),
        "argo": (
            "a cluster with Argo, one Workflow for each attempt",
            shlex.split(own.argo.command)[:1],
            () if own.argo.template else ("`template` in [engines.argo], or `run --template`",),
        ),
        "dask": (
            "a Dask cluster, one task for each attempt",
            (),
            _dask_needs(own.dask),
        ),
        "slurm": ("a cluster, one batch job for each attempt", ("sbatch", "squeue", "scancel"), ()),
    }
    for name, (purpose, programs, settings) in named.items():
        absent = [f"{program} on PATH" for program in programs if shutil.which(program) is None]
        yield {
            "name": name,
            "purpose": purpose,
            "chosen": name == chosen,
            "missing": [*absent, *settings],
        }


def _dask_needs(own: "DaskSettings") -> tuple[str, ...]:
    import importlib.util

    package = () if importlib.util.find_spec("distributed") else ("the extra gitcoord[dask]",)
    return (*package, *(() if own.scheduler else ("`scheduler` in [engines.dask], or `run --scheduler`",)))
