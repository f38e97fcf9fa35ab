"""Every engine, ready for `gitcoord run --engine`: real ones here, and doubles behind a real `kubectl`."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.support.dask import DaskCluster, needs_dask
from tests.support.kubernetes import Cluster, needs_kubectl
from tests.support.slurm import SlurmCluster, needs_slurm
from tests.support.ssh import SshHosts, needs_sshd

DOCS = Path(__file__).parents[2] / "docs/engines.md"


def documented_template() -> dict[str, object]:
    """The WorkflowTemplate that the documents show."""
    text = DOCS.read_text(encoding="utf-8").partition("kind: WorkflowTemplate")
    block = text[0].rpartition("```yaml\n")[2] + text[1] + text[2].partition("```")[0]
    spec: dict[str, object] = yaml.safe_load(block)["spec"]
    return spec


class Ready(NamedTuple):
    """An engine that can be used: its settings, options of `run`, and variables."""

    settings: str = ""
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}


@contextmanager
def local(place: Path, slots: int) -> Iterator[Ready]:
    yield Ready()


@contextmanager
def ssh(place: Path, slots: int) -> Iterator[Ready]:
    hosts = SshHosts(place, ("one", "two"))
    try:
        each = max(1, slots // 2)
        command = json.dumps(" ".join(hosts.command))
        yield Ready(f"[engines.ssh]\nhosts = ['one:{each}', 'two:{each}']\ncommand = {command}\n")
    finally:
        hosts.close()


@contextmanager
def dask(place: Path, slots: int) -> Iterator[Ready]:
    place.mkdir()
    cluster = DaskCluster(place, workers=max(1, slots // 2))
    try:
        yield Ready(options=("--scheduler", cluster.address))
    finally:
        cluster.end()


@contextmanager
def slurm(place: Path, slots: int) -> Iterator[Ready]:
    cluster = SlurmCluster(place)
    try:
        yield Ready(f"[engines.slurm]\nslots = {slots}\n", environment=cluster.environment)
    finally:
        cluster.close()


@contextmanager
def kubernetes(place: Path, slots: int) -> Iterator[Ready]:
    cluster = Cluster(place)
    try:
        command = json.dumps(shlex.join(cluster.command))
        yield Ready(f"[engines.kubernetes]\nimage = 'w:1'\ncommand = {command}\n")
    finally:
        cluster.close()


@contextmanager
def argo(place: Path, slots: int) -> Iterator[Ready]:
    cluster = Cluster(place)
    cluster.templates = {"attempt": documented_template()}
    try:
        command = json.dumps(shlex.join(cluster.command))
        yield Ready(f"[engines.argo]\ntemplate = 'attempt'\ncommand = {command}\n")
    finally:
        cluster.close()


class Kind(NamedTuple):
    """How to make an engine; `double` says what stands in for a part of it, `skip` why it is left out."""

    make: Callable[[Path, int], AbstractContextManager[Ready]]
    double: str = ""
    skip: str = ""


def kinds() -> dict[str, Kind]:
    """All engines by name."""
    cluster = "a double of the cluster, real kubectl"
    return {
        "local": Kind(local),
        "ssh": Kind(ssh, skip=_missing(needs_sshd)),
        "dask": Kind(dask, skip=_missing(needs_dask)),
        "slurm": Kind(slurm, skip=_missing(needs_slurm)),
        "kubernetes": Kind(kubernetes, cluster, _missing(needs_kubectl)),
        "argo": Kind(argo, f"{cluster}; a double of Argo", _missing(needs_kubectl)),
    }


def _missing(mark: pytest.MarkDecorator) -> str:
    return str(mark.kwargs["reason"]) if mark.args[0] else ""
