"""The Argo Workflow of one attempt: it refers to the user's own WorkflowTemplate.

See https://argo-workflows.readthedocs.io/en/latest/workflow-templates/. The Workflow's parameters are
`request` (for `gitcoord engine-host`), `secret` (a Secret with the passed variables), and the user's own.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gitcoord.engines.attempt_kind import WORKFLOW, AttemptKind
from gitcoord.engines.engine import Launch
from gitcoord.engines.host import HostRequest, encoded
from gitcoord.engines.kubernetes_manifest import attempt_labels, attempt_name, run_label

_MARGIN = 3600
"""Argo ends an attempt this many seconds after its time limit, if its supervisor has not."""


class WorkflowShape(msgspec.Struct, frozen=True, kw_only=True):
    """The common data of a run's Workflows: the name of their template, and the user's own parameters."""

    template: str
    parameters: Mapping[str, str] = {}
    secret: str = ""
    keep_seconds: int = 3600

    @property
    def kind(self) -> AttemptKind:
        """A Workflow."""
        return WORKFLOW

    def manifest(self, launch: Launch, request: HostRequest) -> dict[str, Any]:
        """Returns the Workflow that executes `launch` once."""
        name = attempt_name(run_label(request), launch.key)
        values = {
            **self.parameters,
            # Argo expands {{…}} in values, and Kubernetes $(…): in Base64 there are none.
            "request": encoded(msgspec.structs.replace(request, start=launch)),
            "secret": self.secret or name,
        }
        labels = attempt_labels(request, name)
        spec: dict[str, Any] = {
            "workflowTemplateRef": {"name": self.template},
            "arguments": {"parameters": [{"name": key, "value": value} for key, value in values.items()]},
            "podMetadata": {"labels": labels},
            "ttlStrategy": {"secondsAfterCompletion": self.keep_seconds},
        }
        if launch.seconds is not None:
            spec["activeDeadlineSeconds"] = int(launch.seconds + launch.grace) + _MARGIN
        return {
            "apiVersion": WORKFLOW.api_version,
            "kind": WORKFLOW.kind,
            "metadata": {"name": name, "labels": labels, "annotations": {"gitcoord/key": launch.key}},
            "spec": spec,
        }
