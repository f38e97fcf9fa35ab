"""Checks an Argo Workflow file without a cluster: finds parts that Argo refuses or silently drops."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gitcoord.export.findings import ExportFinding, fields, listed, mapping, needs_faults, texts, unknown_keys

_MOST_BYTES = 1_000_000
"""The maximum size of an object in etcd."""
_NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
_GIVEN = re.compile(r"\{\{[^{}]*?\b(inputs|workflow)\.parameters(?:\.|\[')([-\w]+)[^{}]*\}\}")


def lint_argo(document: Mapping[str, Any]) -> list[ExportFinding]:
    """Returns the errors in a Workflow or WorkflowTemplate."""
    spec = mapping(document.get("spec"))
    return [
        *_head(document),
        *unknown_keys(spec, fields("argo", "spec"), "spec"),
        *_entry_points(spec),
        *_templates(spec),
        *_synchronization(spec, "spec"),
    ]


def _head(document: Mapping[str, Any]) -> Iterator[ExportFinding]:
    if not str(document.get("apiVersion", "")).startswith("argoproj.io/"):
        yield ExportFinding(where="apiVersion", message="is not argoproj.io/v1alpha1")
    if document.get("kind") not in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"):
        yield ExportFinding(
            where="kind", message=f"{document.get('kind')!r} is not a Workflow or WorkflowTemplate"
        )
    metadata = mapping(document.get("metadata"))
    if not metadata.get("name") and not metadata.get("generateName"):
        yield ExportFinding(where="metadata", message="has neither name nor generateName")
    size = len(json.dumps(document).encode())
    if size > _MOST_BYTES:
        yield ExportFinding(where="", message=f"has {size} bytes; Kubernetes accepts {_MOST_BYTES}")


def _entry_points(spec: Mapping[str, Any]) -> Iterator[ExportFinding]:
    if "workflowTemplateRef" in spec:
        return
    names = {mapping(one).get("name") for one in listed(spec.get("templates"))}
    if "entrypoint" not in spec:
        yield ExportFinding(where="spec", message="has no entrypoint")
    for key in ("entrypoint", "onExit"):
        if key in spec and spec[key] not in names:
            yield ExportFinding(where=f"spec.{key}", message=f"there is no template {spec[key]!r}")


def _templates(spec: Mapping[str, Any]) -> Iterator[ExportFinding]:
    templates = [mapping(one) for one in listed(spec.get("templates"))]
    for name, times in Counter(str(one.get("name")) for one in templates).items():
        if times > 1:
            yield ExportFinding(where="spec.templates", message=f"{times} templates have the name {name!r}")
    arguments = mapping(spec.get("arguments"))
    declared = {str(mapping(one).get("name")) for one in listed(arguments.get("parameters"))}
    by_name = {str(one.get("name")): one for one in templates}
    for number, template in enumerate(templates):
        where = f"spec.templates[{number}]"
        kinds = sorted(fields("argo", "kinds") & template.keys())
        if len(kinds) != 1:
            told = " and ".join(kinds) or "none"
            yield ExportFinding(where=where, message=f"needs one of container, dag, steps …, but has {told}")
        yield from unknown_keys(template, fields("argo", "template") | fields("argo", "kinds"), where)
        yield from unknown_keys(
            template.get("retryStrategy"), fields("argo", "retry"), f"{where}.retryStrategy"
        )
        yield from _synchronization(template, where)
        yield from _resource(template, where)
        yield from _undeclared(template, declared, where)
        yield from _calls(template, by_name, where)


def _synchronization(owner: Mapping[str, Any], where: str) -> Iterator[ExportFinding]:
    for old in ("mutex", "semaphore"):
        if old in mapping(owner.get("synchronization")):
            new = {"mutex": "mutexes", "semaphore": "semaphores"}[old]
            yield ExportFinding(where=f"{where}.synchronization", message=f"{old!r} was removed; use {new!r}")


def _resource(template: Mapping[str, Any], where: str) -> Iterator[ExportFinding]:
    resource = mapping(template.get("resource"))
    yield from unknown_keys(resource, fields("argo", "resource"), f"{where}.resource")
    if resource.get("action") in ("create", "apply") and "successCondition" not in resource:
        yield ExportFinding(
            where=f"{where}.resource", message="waits for the creation only: it has no successCondition"
        )


def _undeclared(template: Mapping[str, Any], workflow: set[str], where: str) -> Iterator[ExportFinding]:
    inputs = mapping(template.get("inputs"))
    own = {str(mapping(one).get("name")) for one in listed(inputs.get("parameters"))}
    body = {key: value for key, value in template.items() if key != "inputs"}
    used = {found for text in texts(body) for found in _GIVEN.findall(text)}
    for kind, name in sorted(used):
        if name not in (own if kind == "inputs" else workflow):
            yield ExportFinding(where=where, message=f"uses {kind}.parameters.{name}, which is not declared")


def _calls(template: Mapping[str, Any], by_name: Mapping[str, Any], where: str) -> Iterator[ExportFinding]:
    tasks = listed(mapping(template.get("dag")).get("tasks"))
    for number, task in enumerate(tasks):
        yield from unknown_keys(
            task, fields("argo", "call") | {"dependencies", "depends"}, f"{where}.dag.tasks[{number}]"
        )
        yield from _call(mapping(task), by_name, f"{where}.dag.tasks[{number}]")
    yield from _dag(tasks, f"{where}.dag")
    names: Counter[str] = Counter()
    for number, side_by_side in enumerate(listed(template.get("steps"))):
        for place, step in enumerate(listed(side_by_side)):
            at = f"{where}.steps[{number}][{place}]"
            names[str(mapping(step).get("name"))] += 1
            yield from unknown_keys(step, fields("argo", "call"), at)
            yield from _call(mapping(step), by_name, at)
    for name, times in names.items():
        if times > 1:
            yield ExportFinding(where=f"{where}.steps", message=f"{times} steps have the name {name!r}")


def _call(call: Mapping[str, Any], by_name: Mapping[str, Any], where: str) -> Iterator[ExportFinding]:
    name = str(call.get("name", ""))
    if not _NAME.fullmatch(name):
        yield ExportFinding(where=where, message=f"{name!r} is not a name: use letters, digits and dashes")
    if "templateRef" in call or "inline" in call:
        return
    template = mapping(by_name.get(str(call.get("template"))))
    if not template:
        yield ExportFinding(where=where, message=f"there is no template {call.get('template')!r}")
        return
    given = {
        str(mapping(one).get("name")) for one in listed(mapping(call.get("arguments")).get("parameters"))
    }
    for one in listed(mapping(template.get("inputs")).get("parameters")):
        parameter = mapping(one)
        known = {"value", "default", "valueFrom"} & parameter.keys()
        if not known and parameter.get("name") not in given:
            message = f"gives template {call['template']!r} no parameter {parameter.get('name')!r}"
            yield ExportFinding(where=where, message=message)


def _dag(tasks: list[Any] | Any, where: str) -> Iterator[ExportFinding]:
    needs: dict[str, list[str]] = {}
    for task in map(mapping, tasks):
        name = str(task.get("name"))
        if name in needs:
            yield ExportFinding(where=where, message=f"two tasks have the name {name!r}")
        if "depends" in task and "dependencies" in task:
            yield ExportFinding(where=where, message=f"{name} has depends and dependencies at once")
        wanted = [str(one) for one in listed(task.get("dependencies"))]
        for word in re.findall(r"[-\w.]+", str(task.get("depends", ""))):
            needed, _, outcome = word.partition(".")
            if outcome and outcome not in fields("argo", "outcomes"):
                yield ExportFinding(where=where, message=f"{name}: there is no outcome {outcome!r}")
            wanted.append(needed)
        needs[name] = wanted
    yield from needs_faults(needs, where)
