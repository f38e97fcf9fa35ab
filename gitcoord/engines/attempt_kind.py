"""The kinds of objects with which a cluster executes attempts: Jobs of Kubernetes, or Workflows of Argo."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from gitcoord.engines.engine import Launch
from gitcoord.engines.host import HostRequest

Thing = Mapping[str, Any]
"""A document of the cluster, as `kubectl get --output=json` prints it."""
_OVER = ("Failed", "Succeeded")


class AttemptKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind. `resource` is its name for kubectl, `container` the container that runs the attempt."""

    engine: str
    title: str
    kind: str
    resource: str
    group: str
    version: str
    container: str
    needs_secret: bool = False
    """Whether a container names the attempt's Secret even if no variable is passed."""

    @property
    def api_version(self) -> str:
        """The group and the version, as documents have it."""
        return f"{self.group}/{self.version}"


JOB: Final = AttemptKind(
    engine="kubernetes",
    title="Kubernetes",
    kind="Job",
    resource="jobs",
    group="batch",
    version="v1",
    container="worker",
)
WORKFLOW: Final = AttemptKind(
    engine="argo",
    title="Argo",
    kind="Workflow",
    resource="workflows.argoproj.io",
    group="argoproj.io",
    version="v1alpha1",
    container="main",
    needs_secret=True,
)


class AttemptShape(Protocol):
    """The shape of a run's attempts. `secret` is a Secret of the cluster with the passed variables."""

    @property
    def kind(self) -> AttemptKind:
        """The kind of the document that `manifest` returns."""

    @property
    def secret(self) -> str:
        """The name of the Secret; empty if each attempt gets its own."""

    def manifest(self, launch: Launch, request: HostRequest) -> dict[str, Any]:
        """Returns the document that executes `launch` once."""


class ClusterEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an attempt; `code` is None if nobody knows its exit code."""

    code: int | None


def end_of(kind: AttemptKind, things: Sequence[Thing]) -> ClusterEnd | None:
    """Returns how an attempt ended, from its documents; None while it may run.

    Without documents, it has ended.
    """
    if not things:
        return ClusterEnd(code=None)
    pods = [one for one in things if one.get("kind") == "Pod"]
    own = [one for one in things if one.get("kind") == kind.kind]
    return _end_of_pods(own, pods) if kind is JOB else _end_of_workflow(own)


def _end_of_pods(jobs: Sequence[Thing], pods: Sequence[Thing]) -> ClusterEnd | None:
    codes = [code for pod in pods if (code := _exit_code(pod)) is not None]
    conditions = [one for job in jobs for one in job.get("status", {}).get("conditions", [])]
    over = any(one["type"] in ("Complete", "Failed") and one["status"] == "True" for one in conditions)
    gone = bool(pods) and all(pod.get("status", {}).get("phase") in _OVER for pod in pods)
    return ClusterEnd(code=codes[0] if codes else None) if codes or over or gone else None


def _exit_code(pod: Thing) -> int | None:
    for status in pod.get("status", {}).get("containerStatuses", []):
        ended = status.get("state", {}).get("terminated")
        if status.get("name") == JOB.container and ended is not None:
            return int(ended["exitCode"])
    return None


def _end_of_workflow(workflows: Sequence[Thing]) -> ClusterEnd | None:
    """Returns how a Workflow ended; None while it runs. The exit code is that of a failed node, if any."""
    if not workflows:
        return ClusterEnd(code=None)
    status = workflows[0].get("status", {})
    phase = status.get("phase", "")
    if phase == "Succeeded":
        return ClusterEnd(code=0)
    if phase not in ("Failed", "Error"):
        return None
    codes = [
        int(code)
        for node in status.get("nodes", {}).values()
        if node.get("phase") == "Failed" and (code := node.get("outputs", {}).get("exitCode"))
    ]
    return ClusterEnd(code=codes[0] if codes else None)
