"""The plan as an Argo Workflow, for Argo 3.6 and later.

https://argo-workflows.readthedocs.io/en/latest/fields/ describes its fields. Containers run the workers'
start script, which does one unit, lands, or reports. They may all run at once and be restarted: claims and
landings are compare-and-swap in git, so no mutex of the engine is needed.
"""

import json
import re
from collections.abc import Mapping, Sequence

from gitcoord.export.model import ArgoStyle, Document, ExportedPlan, ExportOptions, exported_name, variable
from gitcoord.export.steps import ALONE, addresses, steps_of, variables_of
from gitcoord.planning.parts import HOME
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
    kind = "child" if style == "children" else "work"
    main = _dag(plan) if style == "dag" else _levels(plan, kind)
    templates = [main]
    # Each repository of a plan over several has templates of its own.
    for name in plan.by_repository(plan.units):
        if style != "dag":
            templates.append(_fan_out(plan, options, _named(kind, name)))
        if style == "children":
            templates.append(_child(options, name))
        else:
            templates.append(_container(_named("work", name), options, _WORK, name=name, limited=True))
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
    others = {_url_parameter(name): given.url for name, given in options.repositories.items()}
    return {**own, **others, **options.parameters}


def _url_parameter(repository: str) -> str:
    """Returns the name of the parameter with a repository's URL."""
    return "repository-url" if repository in ("", HOME) else exported_name("repository-url", repository)


def _named(template: str, repository: str) -> str:
    """Returns the name of a template; with several repositories, each has its own."""
    return exported_name(template, repository) if repository else template


def _parameters(values: Mapping[str, str]) -> list[Document]:
    return [{"name": name, "value": value} for name, value in values.items()]


# --- A unit starts when its dependencies have landed -------------------------------------------------------


def _dag(plan: ExportedPlan) -> Document:
    tasks: list[Document] = []
    for step in steps_of(plan):
        values: dict[str, str] = {"task-id": step.id}
        if step.lands:
            level = step.values.get("EXECUTION_LEVEL", "")
            values = {"task-id": step.values.get("TASK_ID", ""), "level-id": level}
        made: Document = {
            "name": step.name,
            "template": "land" if step.lands else _named("work", step.repository),
            "arguments": {"parameters": _parameters(values)},
        }
        if step.needs:
            made["depends"] = " && ".join(f"{one}.Succeeded" for one in step.needs)
        tasks.append(made)
    return {"name": "plan", "dag": {"failFast": False, "tasks": tasks}}


# --- Level by level ---------------------------------------------------------------------------------------


def _levels(plan: ExportedPlan, kind: str) -> Document:
    steps: list[list[Document]] = []
    for level in plan.levels:
        for number, ids in enumerate(plan.turns(level), start=1):
            # Successful units land even if others fail; landing ends with 1 while its level is incomplete.
            steps.append(
                [
                    {
                        "name": _named(f"{level}-turn-{number}", name),
                        "template": f"every-{_named(kind, name)}",
                        "arguments": {
                            "parameters": _parameters({"task-ids": _listed(own), "level-id": level})
                        },
                        "continueOn": {"failed": True},
                    }
                    for name, own in plan.by_repository(ids).items()
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


def _child(options: ExportOptions, repository: str) -> Document:
    """Returns the template that runs a child Workflow for a unit, and succeeds or fails with it."""
    values = {
        "task-id": _in_json("inputs", "task-id"),
        "level-id": _in_json("inputs", "level-id"),
        "repository-url": _in_json("workflow", _url_parameter(repository)),
        **{name: _in_json("workflow", name) for name in ("agent-command", *options.parameters)},
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
        "name": _named("child", repository),
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


# --- The programs in containers ---------------------------------------------------------------------------

_TASK = {"name": "TASK_ID", "value": "{{inputs.parameters.task-id}}"}
_LEVEL = {"name": "EXECUTION_LEVEL", "value": "{{inputs.parameters.level-id}}"}
_WORK: Sequence[Mapping[str, str]] = (_TASK, {"name": "MERGE", "value": "0"})
_LAND: Sequence[Mapping[str, str]] = ({"name": "STEP", "value": "land"}, _TASK, _LEVEL)
_REPORT: Sequence[Mapping[str, str]] = ({"name": "STEP", "value": "report"},)


def _container(
    template: str, options: ExportOptions, own: Sequence[Mapping[str, str]], *, name: str = "", limited: bool
) -> Document:
    """Returns the template of a container. Workers are `limited`, and work in the repository `name`."""
    inputs = [one for one in ("task-id", "level-id") if any(f".{one}}}}}" in entry["value"] for entry in own)]
    container: Document = {
        "image": "{{workflow.parameters.image}}",
        "command": ["bash", "-c"],
        "args": [SCRIPT],
        "env": [*own, *(_environment(options, name) if limited else _of_all(options))],
    }
    wanted = {name: value for name, value in (("cpu", options.cpu), ("memory", options.memory)) if value}
    if wanted and limited:
        container["resources"] = {"requests": wanted, "limits": wanted}
    made: Document = {"name": template}
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


def _environment(options: ExportOptions, repository: str = "") -> list[Document]:
    given = {"REPOSITORY_URL": f"{{{{workflow.parameters.{_url_parameter(repository)}}}}}"}
    given |= {"AGENT_COMMAND": "{{workflow.parameters.agent-command}}", "GITCOORD_WORKER": "{{pod.name}}"}
    given |= {name: value for name, value in variables_of(options, repository).items() if name == ALONE}
    given |= {variable(name): f"{{{{workflow.parameters.{name}}}}}" for name in options.parameters}
    own = options.repositories[repository].token if repository in options.repositories else ""
    return [*_parameters(given), *_secret(options, "GH_TOKEN", own or options.key)]


def _of_all(options: ExportOptions) -> list[Document]:
    """Returns the environment of a container that clones all repositories."""
    urls = {name: f"{{{{workflow.parameters.{_url_parameter(name)}}}}}" for name in options.repositories}
    tokens = dict.fromkeys(given.token for given in options.repositories.values() if given.token)
    return [
        *_environment(options),
        *_parameters(addresses(urls)),
        *(entry for token in tokens for entry in _secret(options, token, token)),
    ]


def _secret(options: ExportOptions, variable: str, key: str) -> list[Document]:
    """Returns the entry for a variable from the secret; none without a secret."""
    if not options.secret:
        return []
    return [{"name": variable, "valueFrom": {"secretKeyRef": {"name": options.secret, "key": key}}}]
