"""The plan as an Argo Workflow, for Argo 3.6 and later.

https://argo-workflows.readthedocs.io/en/latest/fields/ describes its fields. Containers run the workers'
start script, which does one unit, lands, or reports. They may all run at once and be restarted: claims and
landings are compare-and-swap in git, so no mutex of the engine is needed.
"""

import json
import re
from collections.abc import Mapping, Sequence

from gitcoord.export.model import ArgoStyle, Document, ExportedPlan, ExportOptions, steps_of, variable
from gitcoord.tasks.model import TaskId

API_VERSION = "argoproj.io/v1alpha1"
SCRIPT = "exec bash <(gitcoord container-script)"
"""The command of a container; its exit codes are those of the start script."""
AGAIN = (1, 3, 75, 143)
"""Exit codes after which the script may be restarted: a conflict, the forge, try later, terminated."""
_WEEK = 7 * 24 * 3600
_OWN_PARAMETERS = ("image", "repository-url", "agent-command")


def argo_workflow(plan: ExportedPlan, options: ExportOptions, style: ArgoStyle) -> Document:
    """Returns the Workflow that runs the complete plan.

    `dag`: each unit starts when its dependencies have landed. `levels`: for each level, runs all units and
    then lands them. `children`: the same, with a child Workflow of a WorkflowTemplate for each unit.
    """
    main = _dag(plan) if style == "dag" else _levels(plan, "child" if style == "children" else "work")
    templates = [main]
    if style != "dag":
        templates.append(_fan_out(plan, options, "child" if style == "children" else "work"))
    templates.append(
        _child(options) if style == "children" else _container("work", options, _WORK, limited=True)
    )
    templates.append(_container("land", options, _LAND, limited=False))
    templates.append(_container("report", options, _REPORT, limited=False))
    metadata: Document = {"generateName": "gitcoord-", "labels": {"app.kubernetes.io/created-by": "gitcoord"}}
    if options.namespace:
        metadata["namespace"] = options.namespace
    spec: Document = {
        "entrypoint": "plan",
        "onExit": "report",
        "parallelism": options.parallelism or plan.most,
        "arguments": {"parameters": _parameters(_arguments(options))},
        "podGC": {"strategy": "OnPodSuccess"},
        "ttlStrategy": {"secondsAfterCompletion": _WEEK},
        "templates": templates,
    }
    if options.service_account:
        spec["serviceAccountName"] = options.service_account
    return {"apiVersion": API_VERSION, "kind": "Workflow", "metadata": metadata, "spec": spec}


def _arguments(options: ExportOptions) -> dict[str, str]:
    own = {"image": options.image, "repository-url": options.repository_url, "agent-command": options.agent}
    return {**own, **options.parameters}


def _parameters(values: Mapping[str, str]) -> list[Document]:
    return [{"name": name, "value": value} for name, value in values.items()]


# --- One template for all that runs at once ---------------------------------------------------------------


def _dag(plan: ExportedPlan) -> Document:
    tasks: list[Document] = []
    for step in steps_of(plan):
        values = {"task-id": step.id, **({"level-id": ""} if step.lands else {})}
        made: Document = {
            "name": step.name,
            "template": "land" if step.lands else "work",
            "arguments": {"parameters": _parameters(values)},
        }
        if step.needs:
            made["depends"] = " && ".join(f"{one}.Succeeded" for one in step.needs)
        tasks.append(made)
    return {"name": "plan", "dag": {"failFast": False, "tasks": tasks}}


# --- Level by level ---------------------------------------------------------------------------------------


def _levels(plan: ExportedPlan, template: str) -> Document:
    steps: list[list[Document]] = []
    for level in plan.levels:
        for number, ids in enumerate(plan.turns(level), start=1):
            # Successful units land even if others fail; landing ends with 1 while its level is incomplete.
            steps.append(
                [
                    {
                        "name": f"{level}-turn-{number}",
                        "template": f"every-{template}",
                        "arguments": {
                            "parameters": _parameters({"task-ids": _listed(ids), "level-id": level})
                        },
                        "continueOn": {"failed": True},
                    }
                ]
            )
        landing = _parameters({"task-id": "", "level-id": level})
        steps.append([{"name": f"land-{level}", "template": "land", "arguments": {"parameters": landing}}])
    return {"name": "plan", "steps": steps}


def _listed(ids: Sequence[TaskId]) -> str:
    return json.dumps(list(ids), ensure_ascii=False)


def _fan_out(plan: ExportedPlan, options: ExportOptions, template: str) -> Document:
    values = {"task-id": "{{item}}", "level-id": "{{inputs.parameters.level-id}}"}
    return {
        "name": f"every-{template}",
        "inputs": {"parameters": [{"name": "task-ids"}, {"name": "level-id"}]},
        # The field belongs to a template; a step has none.
        "parallelism": options.parallelism or plan.most,
        "steps": [
            [
                {
                    "name": template,
                    "template": template,
                    "arguments": {"parameters": _parameters(values)},
                    "withParam": "{{inputs.parameters.task-ids}}",
                }
            ]
        ],
    }


def _child(options: ExportOptions) -> Document:
    """Returns the template of a child Workflow for a unit; the step has the child's end and result."""
    shared = ("repository-url", "agent-command", *options.parameters)
    values = {
        "task-id": _in_json("inputs", "task-id"),
        "level-id": _in_json("inputs", "level-id"),
        **{name: _in_json("workflow", name) for name in shared},
    }
    child: Document = {
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {
            "generateName": "gitcoord-task-",
            "labels": {"app.kubernetes.io/created-by": "gitcoord"},
        },
        "spec": {
            "workflowTemplateRef": {"name": options.template},
            "arguments": {"parameters": _parameters(values)},
        },
    }
    return {
        "name": "child",
        "inputs": {"parameters": [{"name": "task-id"}, {"name": "level-id"}]},
        "resource": {
            "action": "create",
            "setOwnerReference": True,
            "successCondition": "status.phase == Succeeded",
            "failureCondition": "status.phase in (Failed, Error)",
            "manifest": _MARKED.sub(r"{{=toJson(\1.parameters['\2'])}}", json.dumps(child, indent=2)) + "\n",
        },
    }


_MARKED = re.compile(r'"<([a-z]+) ([-\w]+)>"')


def _in_json(owner: str, name: str) -> str:
    """Returns a placeholder for a parameter in a manifest: Argo inserts its value as JSON, with quotes."""
    return f"<{owner} {name}>"


# --- What runs in containers ------------------------------------------------------------------------------

_TASK = {"name": "TASK_ID", "value": "{{inputs.parameters.task-id}}"}
_LEVEL = {"name": "EXECUTION_LEVEL", "value": "{{inputs.parameters.level-id}}"}
_WORK: Sequence[Mapping[str, str]] = (_TASK, {"name": "MERGE", "value": "0"})
_LAND: Sequence[Mapping[str, str]] = ({"name": "STEP", "value": "land"}, _TASK, _LEVEL)
_REPORT: Sequence[Mapping[str, str]] = ({"name": "STEP", "value": "report"},)


def _container(
    name: str, options: ExportOptions, own: Sequence[Mapping[str, str]], *, limited: bool
) -> Document:
    inputs = [one for one in ("task-id", "level-id") if any(f".{one}}}}}" in entry["value"] for entry in own)]
    container: Document = {
        "image": "{{workflow.parameters.image}}",
        "command": ["bash", "-c"],
        "args": [SCRIPT],
        "env": [*own, *_environment(options)],
    }
    wanted = {name: value for name, value in (("cpu", options.cpu), ("memory", options.memory)) if value}
    if wanted and limited:
        container["resources"] = {"requests": wanted, "limits": wanted}
    made: Document = {"name": name}
    if inputs:
        made["inputs"] = {"parameters": [{"name": one} for one in inputs]}
    if limited and options.minutes:
        made["activeDeadlineSeconds"] = options.minutes * 60
    made["retryStrategy"] = {
        "limit": "2",
        "retryPolicy": "Always",
        "expression": f"lastRetry.status == 'Error' || asInt(lastRetry.exitCode) in {list(AGAIN)}",
        "backoff": {"duration": "30s", "factor": "2", "maxDuration": "10m"},
    }
    made["container"] = container
    return made


def _environment(options: ExportOptions) -> list[Document]:
    shown: list[Document] = [
        {"name": "REPOSITORY_URL", "value": "{{workflow.parameters.repository-url}}"},
        {"name": "AGENT_COMMAND", "value": "{{workflow.parameters.agent-command}}"},
        {"name": "GITCOORD_WORKER", "value": "{{pod.name}}"},
    ]
    shown += [
        {"name": variable(name), "value": f"{{{{workflow.parameters.{name}}}}}"}
        for name in options.parameters
    ]
    if options.secret:
        secret = {"name": options.secret, "key": options.key}
        shown.append({"name": "GH_TOKEN", "valueFrom": {"secretKeyRef": secret}})
    return shown
