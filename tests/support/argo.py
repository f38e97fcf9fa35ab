"""A double of Argo's controller: runs a Workflow's containers as processes on this machine.

Plays dag, steps, withParam, retries with their expression, continueOn, resources that create child Workflows,
onExit and parameters. No real Argo is run by the tests; what the double plays is Argo's documented behaviour.
"""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

Scope = Mapping[str, str]


class Pod(NamedTuple):
    """One container that was run: its environment as the manifest gave it, and its exit code."""

    name: str
    variables: Mapping[str, str]
    code: int
    output: str


class ArgoDouble:
    """Runs Workflows; `environment` is what every container has beside the manifest's own variables."""

    def __init__(self, place: Path, environment: Mapping[str, str], secrets: Mapping[str, str] = {}) -> None:
        self.pods: list[Pod] = []
        self.nodes: dict[str, str] = {}
        self.templates: dict[str, Mapping[str, Any]] = {}
        """Specs of WorkflowTemplates by name."""
        self._place = place
        self._environment = environment
        self._secrets = secrets
        self._lock = threading.Lock()

    def run(self, document: Mapping[str, Any]) -> str:
        """The phase in which the Workflow ends: Succeeded or Failed."""
        spec, own = document["spec"], document["spec"].get("arguments", {}).get("parameters", [])
        if "workflowTemplateRef" in spec:
            given = {one["name"]: one for one in own}
            spec = self.templates[spec["workflowTemplateRef"]["name"]]
            own = [given.get(one["name"], one) for one in spec["arguments"]["parameters"]]
        scope = {f"workflow.parameters.{one['name']}": str(one["value"]) for one in own}
        flow = _Flow(self, spec, scope)
        phase = "Succeeded" if flow.play(spec["entrypoint"], {}, spec["entrypoint"]) else "Failed"
        if "onExit" in spec:
            flow.play(spec["onExit"], {}, "onExit")
        return phase

    def container(self, name: str, container: Mapping[str, Any]) -> int:
        """Runs one container in a file system of its own."""
        variables = {}
        for one in container.get("env", []):
            secret = one.get("valueFrom", {}).get("secretKeyRef")
            variables[one["name"]] = (
                self._secrets[f"{secret['name']}/{secret['key']}"] if secret else one["value"]
            )
        with self._lock:
            home = self._place / f"pod-{len(list(self._place.iterdir()))}"
            home.mkdir()
        ran = subprocess.run(
            [*container["command"], *container.get("args", [])],
            cwd=home,
            env={**self._environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.pods.append(Pod(name, variables, ran.returncode, ran.stdout + ran.stderr))
        return ran.returncode


class _Flow:
    def __init__(self, argo: ArgoDouble, spec: Mapping[str, Any], scope: Scope) -> None:
        self._argo = argo
        self._templates = {one["name"]: one for one in spec["templates"]}
        self._scope = scope

    def play(self, name: str, inputs: Scope, node: str) -> bool:
        template = self._templates[name]
        wanted = {one["name"]: one for one in template.get("inputs", {}).get("parameters", [])}
        values = {
            f"inputs.parameters.{key}": inputs.get(key, one.get("value", "")) for key, one in wanted.items()
        }
        filled = _filled(template, {**self._scope, **values, "pod.name": node})
        if "dag" in filled:
            good = self._dag(filled["dag"]["tasks"])
        elif "steps" in filled:
            good = self._steps(filled["steps"])
        else:
            good = self._tried(filled, node)
        self._argo.nodes[node] = "Succeeded" if good else "Failed"
        return good

    def _tried(self, template: Mapping[str, Any], node: str) -> bool:
        retry = template.get("retryStrategy", {"limit": "0"})
        for _ in range(int(retry["limit"]) + 1):
            if "resource" in template:
                child = json.loads(template["resource"]["manifest"])
                return self._argo.run(child) == "Succeeded"
            code = self._argo.container(node, template["container"])
            if code == 0:
                return True
            if not _again(retry.get("expression", "true"), code):
                break
        return False

    def _dag(self, tasks: Sequence[Mapping[str, Any]]) -> bool:
        ended: dict[str, bool | None] = {}
        with ThreadPoolExecutor() as pool:
            running: dict[str, Any] = {}
            while len(ended) < len(tasks):
                for task in tasks:
                    name = task["name"]
                    if name in ended or name in running:
                        continue
                    needs = re.findall(r"([-\w]+)\.Succeeded", task.get("depends", ""))
                    if any(need in ended and not ended[need] for need in needs):
                        ended[name], self._argo.nodes[name] = None, "Omitted"
                    elif all(ended.get(need) for need in needs):
                        running[name] = pool.submit(self.play, task["template"], _given(task), name)
                for name in [name for name, future in running.items() if future.done()]:
                    ended[name] = running.pop(name).result()
                threading.Event().wait(0.01)
        return all(good is not False for good in ended.values())

    def _steps(self, steps: Sequence[Sequence[Mapping[str, Any]]]) -> bool:
        """Steps of one list run side by side, and all of them end before a failure counts."""
        for side_by_side in steps:
            calls: list[Callable[[], tuple[bool, bool]]] = []
            for step in side_by_side:
                items = json.loads(step["withParam"]) if "withParam" in step else [None]
                for place, item in enumerate(items):
                    one = step if item is None else _filled(step, {"item": str(item)})
                    node = one["name"] if item is None else f"{one['name']}-{item}-{place}"
                    calls.append(lambda one=one, node=node: self._step(one, node))  # type: ignore[misc]
            with ThreadPoolExecutor(max_workers=max(1, len(calls))) as pool:
                results = list(pool.map(lambda call: call(), calls))
            if any(not good and not goes_on for good, goes_on in results):
                return False
        return True

    def _step(self, step: Mapping[str, Any], node: str) -> tuple[bool, bool]:
        goes_on = bool(step.get("continueOn", {}).get("failed"))
        return self.play(step["template"], _given(step), node), goes_on


def _given(call: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in call.get("arguments", {}).get("parameters", [])}


def _filled(value: Any, scope: Scope) -> Any:
    """Argo fills in a template as JSON text, each value quoted for it; what it does not know stays."""

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip()
        if called := re.fullmatch(r"=toJson\(([.\w]+)\['([-\w]+)'\]\)", name):
            return json.dumps(json.dumps(scope[f"{called[1]}.{called[2]}"]))[1:-1]
        return json.dumps(scope[name])[1:-1] if name in scope else match[0]

    return json.loads(re.sub(r"\{\{([^{}]+)\}\}", fill, json.dumps(value)))


def _again(expression: str, code: int) -> bool:
    python = expression.replace("||", " or ").replace("&&", " and ").replace("true", "True")
    last = SimpleNamespace(status="Failed", exitCode=str(code))
    return bool(eval(python, {"__builtins__": {}}, {"lastRetry": last, "asInt": int}))
