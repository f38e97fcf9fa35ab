"""The HTTP side of the double of Kubernetes: what the real `kubectl` asks an API server, and its answers."""

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from tests.support.kubernetes import Cluster

Document = dict[str, Any]
_KINDS = {"jobs": "Job", "pods": "Pod", "secrets": "Secret", "workflows": "Workflow"} | {
    "workflowtemplates": "WorkflowTemplate"
}
_PATH = re.compile(
    r"/(?:api/v1|apis/batch/v1|apis/argoproj.io/v1alpha1)/namespaces/([^/]+)/"
    r"(jobs|pods|secrets|workflows|workflowtemplates)(?:/([^/]+))?(/log)?$"
)


class ApiHandler(BaseHTTPRequestHandler):
    """Answers for the cluster `of`."""

    of: "Cluster"
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if self.of.away:
            self.close_connection = True
            return
        if url.path in _DISCOVERY:
            self._send(200, _DISCOVERY[url.path])
            return
        match = _PATH.fullmatch(url.path)
        if match is None:
            self._send(404, _status(404, "NotFound"))
            return
        _, kind, name, log = match.groups()
        with self.of.lock:
            thing = self.of.things.get((kind, name or ""))
            if log and thing is not None:
                text = (self.of.home(name) / "log").read_bytes()
                self._send(200, text[: int(query.get("limitBytes", len(text)))])
            elif name:
                self._send(200, thing) if thing is not None else self._send(404, _status(404, "NotFound"))
            else:
                wanted = dict(
                    part.split("=", 1) for part in query.get("labelSelector", "").split(",") if part
                )
                items = [
                    one for (what, _), one in self.of.things.items() if what == kind and _has(one, wanted)
                ]
                version = {"jobs": "batch/v1", "workflows": "argoproj.io/v1alpha1"}.get(kind, "v1")
                self._send(200, {"kind": f"{_KINDS[kind]}List", "apiVersion": version, "items": items})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.of.away:
            self.close_connection = True
            return
        path = urlsplit(self.path).path
        if path.endswith("/selfsubjectaccessreviews"):
            asked = sent["spec"]["resourceAttributes"]
            allowed = f"{asked['verb']} {asked['resource']}" not in self.of.forbidden
            self._send(201, sent | {"status": {"allowed": allowed}})
            return
        match = _PATH.fullmatch(path)
        assert match is not None, path
        kind, name = match[2], sent["metadata"]["name"]
        with self.of.lock:
            if (kind, name) in self.of.things:
                self._send(409, _status(409, "AlreadyExists"))
            else:
                self._send(201, self.of.add(kind, sent))

    def do_DELETE(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        match = _PATH.fullmatch(urlsplit(self.path).path)
        assert match is not None, self.path
        if self.of.away:
            self.close_connection = True
        elif (match[2], match[3]) not in self.of.things:
            self._send(404, _status(404, "NotFound"))
        else:
            self.of.delete(match[2], match[3])
            self._send(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _send(self, code: int, what: Document | bytes) -> None:
        body = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if isinstance(what, bytes) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _has(thing: Document, labels: dict[str, str]) -> bool:
    own = thing["metadata"].get("labels", {})
    return all(own.get(key) == value for key, value in labels.items())


def _status(code: int, reason: str) -> Document:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": reason,
    }


def _resources(version: str, *names: tuple[str, str, bool]) -> Document:
    verbs = ["create", "delete", "get", "list"]
    listed = [
        {"name": name, "singularName": kind.lower(), "namespaced": inside, "kind": kind, "verbs": verbs}
        for name, kind, inside in names
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": listed}


def _group(name: str, number: str = "v1") -> Document:
    version = {"groupVersion": f"{name}/{number}", "version": number}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _openapi(group: str, version: str, *kinds: str) -> Document:
    """What kubectl wants to know before it sends a document: the server itself judges the fields."""
    paths = {}
    for kind in kinds:
        parameters = [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]
        known = {"group": group, "version": version, "kind": kind}
        paths[f"/{kind}"] = {"patch": {"parameters": parameters, "x-kubernetes-group-version-kind": known}}
    return {"openapi": "3.0.0", "info": {"title": "double", "version": "1"}, "paths": paths}


_VERSIONS = {
    "api/v1": _openapi("", "v1", "Secret"),
    "apis/batch/v1": _openapi("batch", "v1", "Job"),
    "apis/argoproj.io/v1alpha1": _openapi("argoproj.io", "v1alpha1", "Workflow", "WorkflowTemplate"),
    "apis/authorization.k8s.io/v1": _openapi("authorization.k8s.io", "v1", "SelfSubjectAccessReview"),
}
_DISCOVERY: dict[str, Document] = {
    "/openapi/v3": {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}"} for name in _VERSIONS}},
    **{f"/openapi/v3/{name}": document for name, document in _VERSIONS.items()},
    "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [
            _group("batch"),
            _group("authorization.k8s.io"),
            _group("argoproj.io", "v1alpha1"),
        ],
    },
    "/api/v1": _resources(
        "v1", ("pods", "Pod", True), ("pods/log", "Pod", True), ("secrets", "Secret", True)
    ),
    "/apis/batch/v1": _resources("batch/v1", ("jobs", "Job", True)),
    "/apis/argoproj.io/v1alpha1": _resources(
        "argoproj.io/v1alpha1",
        ("workflows", "Workflow", True),
        ("workflowtemplates", "WorkflowTemplate", True),
    ),
    "/apis/authorization.k8s.io/v1": _resources(
        "authorization.k8s.io/v1", ("selfsubjectaccessreviews", "SelfSubjectAccessReview", False)
    ),
}
