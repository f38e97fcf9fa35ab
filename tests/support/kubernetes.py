"""A double of a Kubernetes API server and its node, for the real `kubectl`: Jobs, Pods, Secrets, logs.

Beside it a double of Argo's controller, for Workflows of one container that refer to a WorkflowTemplate.

A Pod is a process of this machine with an environment of its own. Like a container it takes all that it has
started along when it ends, whatever session that is in. There is no scheduler, no quota and no watch.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tests.support.kubernetes_api import ApiHandler, Document

KUBECTL = shutil.which("kubectl")
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl: apt-get install kubectl")
_MARK = "TEST_POD"


class Cluster:
    """One cluster; `command` is a kubectl that knows it."""

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True)
        self.place, self.lock = place, threading.RLock()
        self.things: dict[tuple[str, str], Document] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.away, self.forbidden = False, set[str]()
        self.templates: dict[str, Document] = {}
        """The specs of WorkflowTemplates by name."""
        cluster = self

        class Handler(ApiHandler):
            of = cluster

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{self._server.server_address[1]}"
        context = {"cluster": "double", "user": "tester"}
        config = {
            "clusters": [{"name": "double", "cluster": {"server": address}}],
            "users": [{"name": "tester", "user": {"token": "t"}}],
            "contexts": [{"name": "double", "context": context}],
            "current-context": "double",
        }
        (place / "config").write_text(json.dumps(config))
        self.command = ("kubectl", "--kubeconfig", str(place / "config"), "--cache-dir", str(place / "cache"))

    def close(self) -> None:
        """Ends everything."""
        for name in list(self.processes):
            self.end_pod(name)
        self._server.shutdown()
        self._server.server_close()

    def home(self, pod: str) -> Path:
        return self.place / "homes" / pod

    def add(self, kind: str, thing: Document) -> Document:
        """Creates it as an API server does; a Job or a Workflow gets its Pod."""
        with self.lock:
            meta = thing["metadata"]
            meta |= {"uid": str(uuid.uuid4()), "namespace": "default", "creationTimestamp": _now()}
            self.things[kind, meta["name"]] = thing
        if kind == "workflowtemplates":
            self.templates[meta["name"]] = thing["spec"]
        if kind in ("jobs", "workflows"):
            name = f"{meta['name']}-{uuid.uuid4().hex[:5]}"
            template = thing["spec"]["template"] if kind == "jobs" else self._template(thing)
            owner = {"kind": thing["kind"], "name": meta["name"], "uid": meta["uid"]}
            labels = template["metadata"]["labels"]
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "spec": template["spec"],
                "status": {"phase": "Pending"},
            }
            pod["metadata"] = {"name": name, "labels": labels, "ownerReferences": [owner]}
            thing["status"] = {"active": 1}
            self.add("pods", pod)
            threading.Thread(target=self._run, args=(thing, pod), daemon=True).start()
        return thing

    def delete(self, kind: str, name: str) -> None:
        """Takes a Job away with its Pod and its Secret: TERM first, KILL after the Pod's grace."""
        with self.lock:
            thing = self.things[kind, name]
            thing["metadata"]["deletionTimestamp"] = _now()
            uid = thing["metadata"]["uid"]
            owned = [key for key, one in self.things.items() if uid in json.dumps(one["metadata"])]
        pods = [one for what, one in owned if what == "pods"] if kind in ("jobs", "workflows") else [name]

        def finish() -> None:
            for pod in pods:
                self.end_pod(pod, self.things["pods", pod]["spec"].get("terminationGracePeriodSeconds", 30))
            with self.lock:
                for key in owned:
                    self.things.pop(key, None)

        threading.Thread(target=finish, daemon=True).start()

    def end_pod(self, name: str, grace: float = 0.0) -> None:
        """Ends the Pod's process, and everything that it has started."""
        process = self.processes.get(name)
        if process is not None and process.poll() is None and grace:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(grace)
        for one in psutil.process_iter():
            with suppress(psutil.Error):
                if one.environ().get(_MARK) == name:
                    one.send_signal(signal.SIGKILL)

    def _run(self, job: Document, pod: Document) -> None:
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]
        environment = self._environment(container, pod)
        if environment is None:
            return
        self.home(name).mkdir(parents=True)
        environment |= {"HOME": str(self.home(name)), _MARK: name}
        with (self.home(name) / "log").open("wb") as log, self.lock:
            process = subprocess.Popen(
                [*container["command"], *container.get("args", ())],
                cwd=self.home(name),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            self.processes[name] = process
        pod["status"] = {"phase": "Running"}
        code = process.wait()
        self.end_pod(name)
        code = code if code >= 0 else 128 - code
        state = {"name": container["name"], "state": {"terminated": {"exitCode": code}}}
        pod["status"] = {"phase": "Failed" if code else "Succeeded", "containerStatuses": [state]}
        phase = "Failed" if code else "Succeeded"
        if job["kind"] == "Workflow":
            node = {"phase": phase, "type": "Pod", "outputs": {"exitCode": str(code)}}
            job["status"] = {"phase": phase, "nodes": {name: node}}
            return
        condition = {"type": "Failed" if code else "Complete", "status": "True"}
        job["status"] = {"conditions": [condition]}

    def _template(self, workflow: Document) -> Document:
        """Argo's part: the Pod of the template's one container, its parameters filled in."""
        spec = self.templates[workflow["spec"]["workflowTemplateRef"]["name"]]
        (template,) = [one for one in spec["templates"] if one["name"] == spec["entrypoint"]]
        given = {one["name"]: one["value"] for one in workflow["spec"]["arguments"]["parameters"]}
        known = {one["name"]: one.get("value") for one in spec["arguments"]["parameters"]} | given
        text = re.sub(
            r"\{\{workflow\.parameters\.([-\w]+)\}\}",
            lambda one: json.dumps(known[one[1]])[1:-1],
            json.dumps(template["container"]),
        )
        container = {"name": "main", **json.loads(text)}
        return {"metadata": workflow["spec"]["podMetadata"], "spec": {"containers": [container]}}

    def _environment(self, container: Document, pod: Document) -> dict[str, str] | None:
        """What the container's process gets; None when its image or its Secret never comes."""
        found = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        found |= {key: value for key, value in os.environ.items() if key.startswith(("GIT_", "PYTHON"))}
        reason = "ImagePullBackOff" if container["image"].endswith(":missing") else ""
        while pod["metadata"].get("deletionTimestamp") is None and self._there(pod):
            secret = self._values(container) if not reason else None
            if secret is not None:
                return found | secret
            waiting = {"reason": reason or "CreateContainerConfigError", "message": "of the double"}
            state = {"name": container["name"], "state": {"waiting": waiting}}
            pod["status"] = {"phase": "Pending", "containerStatuses": [state]}
            time.sleep(0.05)
        return None

    def _there(self, pod: Document) -> bool:
        return ("pods", pod["metadata"]["name"]) in self.things

    def _values(self, container: Document) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for one in container.get("envFrom", ()):
            reference = one["secretRef"]
            secret = self.things.get(("secrets", reference["name"]))
            if secret is None and not reference.get("optional"):
                return None
            data = (secret or {}).get("data", {})
            found |= {key: base64.b64decode(value).decode() for key, value in data.items()}
        for one in container.get("env", ()):
            if "value" in one:
                found[one["name"]] = _expanded(one["value"], found)
                continue
            reference = one["valueFrom"]["secretKeyRef"]
            data = self.things.get(("secrets", reference["name"]), {}).get("data", {})
            if reference["key"] in data:
                found[one["name"]] = base64.b64decode(data[reference["key"]]).decode()
            elif not reference.get("optional"):
                return None
        return found


def _expanded(text: str, known: dict[str, str]) -> str:
    """The value as Kubernetes makes it: `$(NAME)` is what it names, and `$$` one dollar."""
    return re.sub(r"\$\$|\$\((\w+)\)", lambda one: "$" if one[0] == "$$" else known.get(one[1], one[0]), text)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
