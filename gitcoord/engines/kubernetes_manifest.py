"""The Kubernetes Job of one attempt, and its Secret, as documents for `kubectl create`."""

import base64
import copy
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gitcoord.engines.attempt_kind import JOB, AttemptKind
from gitcoord.engines.engine import Launch
from gitcoord.engines.host import REQUEST_VARIABLE, HostRequest, encoded

ATTEMPT_LABEL = "gitcoord/attempt"
RUN_LABEL = "gitcoord/run"
_COMMAND = ("gitcoord", "engine-host", "--foreground")
_LONGEST_NAME = 30
_BEYOND_GRACE = 20
"""Seconds that a container gets in addition to its supervisor's grace period."""
_MARGIN = 3600
"""Kubernetes ends a Job this many seconds after the attempt's time limit, if its supervisor did not."""


class PodShape(msgspec.Struct, frozen=True, kw_only=True):
    """The common part of a run's Jobs: image, accounts and limits, or a complete template.

    `secret` names a Secret of the cluster with variables for the attempts.
    """

    image: str = ""
    secret: str = ""
    service_account: str = ""
    cpu: str = ""
    memory: str = ""
    keep_seconds: int = 3600
    template: Mapping[str, Any] = {}

    @property
    def kind(self) -> AttemptKind:
        """A Job."""
        return JOB

    def manifest(self, launch: Launch, request: HostRequest) -> dict[str, Any]:
        """Returns the Job that executes `launch` once."""
        return attempt_manifest(self, launch, request)


def run_label(request: HostRequest) -> str:
    """Returns the label of the Jobs of one repository and task list."""
    identity = f"{request.repository or request.run} {request.generation}"
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def attempt_name(run: str, key: str) -> str:
    """Returns the name of an attempt's Job: at most 63 lower-case letters, digits and dashes."""
    digest = hashlib.sha256(f"{run} {key}".encode()).hexdigest()[:10]
    plain = re.sub(r"[^a-z0-9]+", "-", key.lower())[:_LONGEST_NAME].strip("-")
    return f"gitcoord-{plain}-{digest}"


def attempt_labels(request: HostRequest, name: str) -> dict[str, str]:
    """Returns the labels of everything that belongs to the attempt `name`."""
    return {"app.kubernetes.io/name": "gitcoord", RUN_LABEL: run_label(request), ATTEMPT_LABEL: name}


def attempt_manifest(shape: PodShape, launch: Launch, request: HostRequest) -> dict[str, Any]:
    """Returns the Job that executes `launch` once; its container gets the request in its environment."""
    name = attempt_name(run_label(request), launch.key)
    labels = attempt_labels(request, name)
    job = copy.deepcopy(dict(shape.template)) or {}
    job |= {"apiVersion": JOB.api_version, "kind": JOB.kind}
    meta, spec = _in(job, "metadata"), _in(job, "spec")
    meta["name"] = name
    _in(meta, "labels").update(labels)
    _in(meta, "annotations")["gitcoord/key"] = launch.key
    # gitcoord does the retries: a Pod is never created twice.
    spec["backoffLimit"] = 0
    spec.setdefault("ttlSecondsAfterFinished", shape.keep_seconds)
    if launch.seconds is not None:
        spec.setdefault("activeDeadlineSeconds", int(launch.seconds + launch.grace) + _MARGIN)
    pod = _in(spec, "template")
    _in(_in(pod, "metadata"), "labels").update(labels)
    pod_spec = _in(pod, "spec")
    pod_spec["restartPolicy"] = "Never"
    pod_spec["terminationGracePeriodSeconds"] = int(launch.grace) + _BEYOND_GRACE
    if shape.service_account:
        pod_spec["serviceAccountName"] = shape.service_account
    _fill_container(_container(pod_spec), shape, launch, request, name)
    return job


def secret_manifest(kind: AttemptKind, name: str, values: Mapping[str, str], owner: str) -> dict[str, Any]:
    """Returns the Secret with `values` for the object `name` of that kind; `owner` is the object's uid.

    Kubernetes deletes both together.
    """
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    reference = {"apiVersion": kind.api_version, "kind": kind.kind, "name": name, "uid": owner}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "ownerReferences": [reference]},
        "data": encoded,
    }


def _fill_container(
    container: dict[str, Any], shape: PodShape, launch: Launch, request: HostRequest, name: str
) -> None:
    if shape.image:
        container["image"] = shape.image
    container["command"] = list(_COMMAND)
    container.pop("args", None)
    asked = msgspec.structs.replace(request, start=launch)
    variables = _listed(container, "env")
    variables.append({"name": REQUEST_VARIABLE, "value": encoded(asked)})
    for variable in launch.secrets:
        key = {"name": shape.secret or name, "key": variable, "optional": bool(shape.secret)}
        variables.append({"name": variable, "valueFrom": {"secretKeyRef": key}})
    given = {key: value for key, value in (("cpu", shape.cpu), ("memory", shape.memory)) if value}
    if given:
        resources = _in(container, "resources")
        _in(resources, "requests").update(given)
        if "memory" in given:
            _in(resources, "limits")["memory"] = given["memory"]


def _container(pod_spec: dict[str, Any]) -> dict[str, Any]:
    """Returns the container that runs the attempt: the one called `worker`, else the first."""
    containers = _listed(pod_spec, "containers")
    named: Sequence[dict[str, Any]] = [one for one in containers if one.get("name") == JOB.container]
    found = named[0] if named else containers[0] if containers else {}
    if not containers:
        containers.append(found)
    found["name"] = JOB.container
    return found


def _in(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Returns the mapping at `key`; creates it if it is missing."""
    if not isinstance(document.get(key), dict):
        document[key] = {}
    found: dict[str, Any] = document[key]
    return found


def _listed(document: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(document.get(key), list):
        document[key] = []
    found: list[Any] = document[key]
    return found
