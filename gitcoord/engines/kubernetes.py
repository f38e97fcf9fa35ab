"""The engines Kubernetes and Argo, through the user's own `kubectl`: a Job or Workflow for each attempt.

Neither is ever restarted. The name is made from the repository, the task list and the attempt, so the cluster
itself starts a key only once. If the API server does not answer, the state of an attempt is unknown.
"""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gitcoord.engines.attempt_kind import AttemptKind, AttemptShape, end_of
from gitcoord.engines.engine import AttemptView, EngineTrouble, Launch, is_running
from gitcoord.engines.host import LOG_BYTES, HostRequest
from gitcoord.engines.kept_log import KeptLog
from gitcoord.engines.kubernetes_manifest import (
    ATTEMPT_LABEL,
    RUN_LABEL,
    attempt_name,
    run_label,
    secret_manifest,
)
from gitcoord.engines.processes import in_directory
from gitcoord.engines.program_call import call_program
from gitcoord.engines.supervisor import LOG_FILE
from gitcoord.errors import GitcoordError
from gitcoord.redact import redact_said

if TYPE_CHECKING:
    import subprocess

_PAUSE = 2.0
"""Seconds between two requests to the cluster."""
_REQUEST_TIMEOUT = 30
_LONGEST_CALL = 120.0
_BEYOND_GRACE = 60.0
_STARTING = 1800.0
"""A Job whose container has not started after this many seconds is deleted."""


class KubernetesEngine:
    """Runs attempts as the Jobs or Workflows that `shape` makes.

    `run` has, for each key, a record that it was submitted, and its log after its end.
    """

    def __init__(
        self,
        run: Path,
        shape: AttemptShape,
        *,
        repository: str = "",
        generation: int = 1,
        kubectl: Sequence[str] = ("kubectl",),
        directory: Path | None = None,
        namespace: str = "",
        slots: int = 0,
        starting: float = _STARTING,
        pause: float = _PAUSE,
    ) -> None:
        self._run, self._shape, self._kind = run, shape, shape.kind
        self._request = HostRequest(
            repository=repository, generation=generation, run="" if repository else str(run / "attempts")
        )
        self._label = run_label(self._request)
        self._namespace = namespace
        where = ("--namespace", namespace) if namespace else ()
        self._kubectl = (*kubectl, f"--request-timeout={_REQUEST_TIMEOUT}s", *where)
        self._slots, self._starting, self._pause = slots, starting, pause
        self._directory = directory
        self._active: set[str] = set()
        self._ended: dict[str, AttemptView] = {}
        self._waiting: dict[str, float] = {}

    def check(self) -> EngineTrouble | None:
        """Checks that the API server answers, and allows creating, watching and deleting attempts."""
        hint = self._way_out()
        namespace = self._namespace or self._current_namespace()
        needed = _needed(self._kind)
        reviews = [_review(self._kind, verb, what, namespace) for verb, what in needed]
        whole = {"apiVersion": "v1", "kind": "List", "items": reviews}
        how = ("--filename=-", "--validate=false", '--output=jsonpath={.status.allowed}{"\\n"}')
        asked = self._call("create", *how, send=whole)
        if asked.returncode != 0:
            return EngineTrouble(message=f"The cluster does not answer: {_words(asked)}", hint=hint)
        allowed = asked.stdout.decode().split("\n")
        for (verb, what), answer in zip(needed, allowed, strict=False):
            if answer != "true":
                message = f"You may not {verb} {what} in the namespace {namespace} of the cluster."
                return EngineTrouble(message=message, hint="Get a role that may, or set another `namespace`.")
        return None

    @property
    def name(self) -> str:
        """`kubernetes` or `argo`."""
        return self._kind.engine

    def _way_out(self) -> str:
        return f"Try `{' '.join(self._kubectl)} get {self._kind.resource}`."

    def _is_given(self, key: str) -> bool:
        return (self._run / key / self._kind.engine).exists()

    def _current_namespace(self) -> str:
        """Returns the namespace in kubectl's configuration."""
        asked = self._call("config", "view", "--minify", "--output=jsonpath={..namespace}")
        return asked.stdout.decode("utf-8", "replace").strip() or "default"

    def free(self) -> int | None:
        """Returns the free `slots`; None if only the cluster limits them: attempts wait there."""
        if self._slots and len(self._active) >= self._slots:
            self.poll(tuple(self._active))  # A run no longer polls attempts whose end is in the journal.
        return max(0, self._slots - len(self._active)) if self._slots else None

    def start(self, launch: Launch) -> None:
        """Creates the attempt's Job or Workflow, unless it exists; raises `engine-refused` if that fails."""
        place, name = self._run / launch.key, attempt_name(self._label, launch.key)
        if self._is_given(launch.key):
            return
        sent = self._shape.manifest(launch, self._request)
        made = self._call("create", "--filename=-", "--output=json", send=sent)
        if made.returncode != 0:
            # Do not parse the error: either the object exists, or the cluster refused it.
            made = self._call("get", self._kind.resource, name, "--ignore-not-found", "--output=json")
            if made.returncode != 0 or not made.stdout.strip():
                raise self._refused(launch.key, made)
        in_directory(place, lambda: (place / self._kind.engine).write_text(name, encoding="ascii"))
        self._active.add(launch.key)
        values = {one: os.environ[one] for one in launch.secrets if one in os.environ}
        if (launch.secrets or self._kind.needs_secret) and not self._shape.secret:
            whole = dict.fromkeys(launch.secrets, "") | values
            owner = msgspec.json.decode(made.stdout)["metadata"]["uid"]
            self._call("create", "--filename=-", send=secret_manifest(self._kind, name, whole, owner))

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """Returns the state of each key, with one request."""
        given = [key for key in keys if key not in self._ended and self._is_given(key)]
        seen = {key: self._ended.get(key) or AttemptView(key=key, state="absent") for key in keys}
        if not given:
            return seen
        found = self._listed(f"{RUN_LABEL}={self._label}")
        for key in given:
            if found is None:
                seen[key] = AttemptView(key=key, state="unreachable")
                continue
            seen[key] = self._seen(key, found.get(attempt_name(self._label, key), []))
            if seen[key].state == "ended":
                self._active.discard(key)
                self._ended[key] = seen[key]
                self._keep_log(key)
            else:
                self._active.add(key)
        return seen

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Sleeps until the next request to the cluster."""
        time.sleep(max(0.0, min(seconds, self._pause)))

    def cancel(self, key: str) -> bool:
        """Deletes the Job or Workflow, and waits until its Pod is gone.

        Returns False if the API server does not answer, or the Pod is not gone in time.
        """
        name = attempt_name(self._label, key)
        if not self._is_given(key):
            return True
        found = self._listed(f"{ATTEMPT_LABEL}={name}")
        if found is None:
            return False
        self._keep_log(key)
        how = ("--cascade=foreground", "--wait=false", "--ignore-not-found")
        if self._call("delete", self._kind.resource, name, *how).returncode != 0:
            return False
        until = time.monotonic() + _BEYOND_GRACE + _grace(found)
        while found and time.monotonic() < until:
            time.sleep(min(0.2, self._pause))
            found = self._listed(f"{ATTEMPT_LABEL}={name}")
        self._active.discard(key)
        return not found and found is not None

    def log(self, key: str) -> str | None:
        """Returns the path of the log, which is fetched when the attempt has ended; None without one."""
        path = self._run / key / LOG_FILE
        return str(path) if path.exists() else None

    def fetch_log(self, key: str) -> bool:
        """Fetches the log so far; returns whether the attempt is still running."""
        running = is_running(self.poll([key])[key])
        if running:
            self._keep_log(key, whole=False)
        return running

    def _seen(self, key: str, things: Sequence[Mapping[str, Any]]) -> AttemptView:
        """Returns the state of one key from its Job and Pod; if neither exists any more, it has ended."""
        end = end_of(self._kind, things)
        if end is not None:
            return AttemptView(key=key, state="ended", code=end.code)
        pods = [one for one in things if one.get("kind") == "Pod"]
        if any(pod.get("status", {}).get("phase") == "Running" for pod in pods):
            return AttemptView(key=key, state="running")
        since = self._waiting.setdefault(key, time.monotonic())
        if time.monotonic() - since > self._starting:
            self._note(key, f"its container never started: {_why_waiting(pods)}")
            name = attempt_name(self._label, key)
            self._call("delete", self._kind.resource, name, "--ignore-not-found", "--wait=false")
            return AttemptView(key=key, state="ended")
        return AttemptView(key=key, state="starting")

    def _listed(self, selector: str) -> dict[str, list[Mapping[str, Any]]] | None:
        """Returns attempts and Pods by the name of their attempt; None if the API server does not answer."""
        asked = self._call("get", f"{self._kind.resource},pods", "--selector", selector, "--output=json")
        if asked.returncode != 0:
            return None
        try:
            items = msgspec.json.decode(asked.stdout)["items"]
        except (msgspec.DecodeError, KeyError, TypeError):
            return None
        found: dict[str, list[Mapping[str, Any]]] = {}
        for one in items:
            found.setdefault(one["metadata"].get("labels", {}).get(ATTEMPT_LABEL, ""), []).append(one)
        return found

    def _keep_log(self, key: str, *, whole: bool = True) -> None:
        kept = KeptLog(self._run / key)
        if kept.whole:
            return
        which = f"{ATTEMPT_LABEL}={attempt_name(self._label, key)}"
        how = ("--tail=-1", f"--limit-bytes={LOG_BYTES}", "--container", self._kind.container)
        told = self._call("logs", "--selector", which, *how)
        if told.returncode == 0 and told.stdout:
            kept.put(told.stdout, whole=whole)

    def _note(self, key: str, what: str) -> None:
        KeptLog(self._run / key).put(f"[gitcoord] {what}\n".encode(), whole=True)

    def _refused(self, key: str, answer: "subprocess.CompletedProcess[bytes]") -> GitcoordError:
        told = _words(answer)
        return GitcoordError(
            "engine-refused",
            f"{self._kind.title} cannot start the attempt {key}: {told or 'it was refused.'}",
            hint=self._way_out(),
            passing="perhaps" if answer.returncode != 0 else None,
        )

    def _call(self, *arguments: str, send: Any = None) -> "subprocess.CompletedProcess[bytes]":
        """Runs kubectl once."""
        return call_program(
            (*self._kubectl, *arguments),
            seconds=_LONGEST_CALL,
            way_out=f"Install kubectl, or set `command` in [engines.{self.name}].",
            send=None if send is None else msgspec.json.encode(send),
            directory=self._directory,
        )


def _needed(kind: AttemptKind) -> list[tuple[str, str]]:
    """Returns the required permissions: verbs and resources."""
    own = [(verb, kind.resource.partition(".")[0]) for verb in ("create", "list", "delete")]
    return [*own, ("list", "pods"), ("get", "pods/log")]


def _review(kind: AttemptKind, verb: str, what: str, namespace: str) -> dict[str, Any]:
    """Returns the document that asks Kubernetes for a permission."""
    resource, _, part = what.partition("/")
    group = "" if resource == "pods" else kind.group
    asked = {"verb": verb, "resource": resource, "subresource": part, "namespace": namespace, "group": group}
    head = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    return {**head, "spec": {"resourceAttributes": asked}}


def _words(answer: "subprocess.CompletedProcess[bytes]") -> str:
    """Returns kubectl's error message on one line."""
    return redact_said(" ".join(answer.stderr.decode("utf-8", "replace").split()))[-300:]


def _why_waiting(pods: Sequence[Mapping[str, Any]]) -> str:
    """Returns the reason why the Pod waits, from Kubernetes."""
    for pod in pods:
        for status in pod.get("status", {}).get("containerStatuses", []):
            if waiting := status.get("state", {}).get("waiting"):
                return redact_said(f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip())
        for one in pod.get("status", {}).get("conditions", []):
            if one.get("type") == "PodScheduled" and one.get("status") != "True":
                return redact_said(f"{one.get('reason', '')} {one.get('message', '')}".strip())
    return "no Pod was created for it"


def _grace(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> float:
    things = [one for several in found.values() for one in several]
    given = [
        one["spec"].get("terminationGracePeriodSeconds", 0) for one in things if one.get("kind") == "Pod"
    ]
    return float(max(given, default=0))
