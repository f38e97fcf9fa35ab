"""The SSH engine: machines reached with the user's own `ssh` and its configuration, each with a `gitcoord`.

A host runs attempts with its own local engine, so an attempt outlives the connection that started it. If a
connection fails, the state of an attempt is unknown. If a host remains unreachable, its attempts' leases run
out, and any run takes them over.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from gitcoord.engines.engine import AttemptView, EngineTrouble, Launch, is_running
from gitcoord.engines.host import HostAnswer, HostRequest
from gitcoord.engines.kept_log import KeptLog
from gitcoord.engines.supervisor import LOG_FILE
from gitcoord.errors import GitcoordError, usage_error

_HOST_FILE = "host"
_UNREACHABLE = 255
"""The exit code of `ssh` if the connection fails."""
_CONNECTING = 10
_LONGEST_CALL = 600.0
_PAUSE = 2.0
"""Seconds between two requests to the hosts."""


class SshHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host's name for `ssh`, and the number of attempts that may run there.

    A host without slots gets attempts only while no other host answers.
    """

    name: str
    slots: int = 1


def read_hosts(words: Sequence[str]) -> tuple[SshHost, ...]:
    """Parses hosts such as `build1` or `me@build2:3`; raises `usage` (exit 2)."""
    hosts: dict[str, SshHost] = {}
    for word in words:
        name, sign, slots = word.strip().rpartition(":")
        name, slots = (name, slots) if sign else (slots, "1")
        if not name or name.startswith("-") or not name.isprintable() or " " in name:
            raise usage_error(
                "usage", f"{word!r} is not a host.", "Write it as `ssh` accepts it: build1 or me@build1:3."
            )
        if not (slots.isascii() and slots.isdigit() and len(slots) < 4):
            raise usage_error(
                "usage", f"{word!r} has no number of slots.", "Write build1:3 for three at once."
            )
        hosts[name] = SshHost(name=name, slots=int(slots))
    if hosts and not any(host.slots for host in hosts.values()):
        raise usage_error("usage", "No host has a slot.", "Write build1:3 for three at once.")
    return tuple(hosts.values())


class SshEngine:
    """Runs attempts on other machines. `run` has, for each key, its host, and its log after its end."""

    name = "ssh"

    def __init__(
        self,
        run: Path,
        hosts: Sequence[SshHost],
        *,
        repository: str = "",
        generation: int = 1,
        ssh: Sequence[str] = ("ssh",),
        program: str = "gitcoord",
        directory: Path | None = None,
        pause: float = _PAUSE,
    ) -> None:
        self._run = run
        self._hosts = {host.name: host for host in hosts}
        self._base = HostRequest(
            repository=repository, generation=generation, run="" if repository else str(run / "attempts")
        )
        self._ssh = (*ssh, *_options())
        self._program = program
        self._directory = directory
        self._pause = pause
        self._active: dict[str, str] = {}
        self._away: set[str] = set()
        """Hosts that did not answer the last request."""

    def check(self) -> EngineTrouble | None:
        """Checks that every host is reachable and has a gitcoord."""
        with ThreadPoolExecutor(max_workers=len(self._hosts) or 1) as pool:
            troubles = [trouble for trouble in pool.map(self._greet, self._hosts) if trouble is not None]
        return troubles[0] if troubles else None

    def free(self) -> int | None:
        """Returns the number of free slots of all hosts, as of the last request."""
        slots = sum(host.slots for host in self._hosts.values())
        if len(self._active) >= slots:
            self.poll(tuple(self._active))  # A run no longer polls attempts whose end is in the journal.
        return max(0, slots - len(self._active))

    def start(self, launch: Launch) -> None:
        """Starts the attempt on the least loaded host that answers; raises `engine-refused` if that fails.

        A host whose answer was lost may have started it all the same: then two workers claim the same
        attempt, and only one of them gets it.
        """
        secrets = {name: os.environ[name] for name in launch.secrets if name in os.environ}
        request = msgspec.structs.replace(self._base, start=launch, secrets=secrets)
        given = self._given_to(launch.key)
        for _ in self._hosts:
            host = given or self._give(launch.key)
            answer = self._call(host, request)
            if answer is not None and not answer.refused:
                self._active[launch.key] = host
                return
            if answer is not None:
                break
            (self._run / launch.key / _HOST_FILE).unlink(missing_ok=True)
            given = None
        why = f"{host} cannot be reached" if answer is None else answer.refused
        raise GitcoordError(
            "engine-refused",
            f"The attempt {launch.key} cannot be started on {host}: {why}.",
            hint=f"Try `ssh {host} {self._program} --version`.",
            passing="perhaps" if answer is None else None,
        )

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """Returns the state of each key, with one call for each host."""
        by_host: dict[str, list[str]] = {}
        for key in keys:
            if (host := self._given_to(key)) is not None:
                by_host.setdefault(host, []).append(key)
        seen = {key: AttemptView(key=key, state="absent") for key in keys}
        if by_host:
            requests = [
                (host, msgspec.structs.replace(self._base, poll=tuple(own))) for host, own in by_host.items()
            ]
            with ThreadPoolExecutor(max_workers=len(requests)) as pool:
                answers = list(pool.map(lambda one: self._call(*one), requests))
            for own, answer in zip(by_host.values(), answers, strict=True):
                away = [AttemptView(key=key, state="unreachable") for key in own]
                seen |= {view.key: view for view in (away if answer is None else answer.views)}
        for key, view in seen.items():
            if view.state in ("running", "starting", "unreachable"):
                self._active[key] = self._given_to(key) or ""
            elif self._active.pop(key, None) or view.state == "ended":
                self._keep_log(key)
        return seen

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Sleeps until the next request: hosts do not report when an attempt ends."""
        time.sleep(max(0.0, min(seconds, self._pause)))

    def cancel(self, key: str) -> bool:
        """Lets the host end the attempt; returns False if the host does not answer."""
        host = self._given_to(key)
        if host is None:
            return True
        if self._call(host, msgspec.structs.replace(self._base, cancel=key)) is None:
            return False
        self._active.pop(key, None)
        self._keep_log(key)
        return True

    def log(self, key: str) -> str | None:
        """Returns the path of the log, which is fetched when the attempt has ended; None without one."""
        path = self._run / key / LOG_FILE
        return str(path) if path.exists() else None

    def fetch_log(self, key: str) -> bool:
        """Fetches the part of the host's log that is not copied yet.

        Returns whether the attempt is still running.
        """
        running, kept, host = is_running(self.poll([key])[key]), KeptLog(self._run / key), self._given_to(key)
        if running and host is not None:
            answer = self._call(host, msgspec.structs.replace(self._base, log=key, offset=kept.size))
            if answer is not None and answer.log:
                kept.add(answer.text())
        return running

    def _given_to(self, key: str) -> str | None:
        try:
            return (self._run / key / _HOST_FILE).read_text(encoding="utf-8") or None
        except OSError:
            return None

    def _give(self, key: str) -> str:
        """Chooses a host and records it, unless another run has done so."""
        loads = list(self._active.values())
        best = max(
            self._hosts.values(),
            key=lambda host: (host.name not in self._away, host.slots - loads.count(host.name)),
        )
        place = self._run / key
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place, encoding="utf-8") as part:
            part.write(best.name)
            part.flush()
            try:
                os.link(part.name, place / _HOST_FILE)
            except FileExistsError:
                return self._given_to(key) or best.name
        return best.name

    def _keep_log(self, key: str) -> None:
        host, kept = self._given_to(key), KeptLog(self._run / key)
        if host is None or kept.whole:
            return
        answer = self._call(host, msgspec.structs.replace(self._base, log=key))
        if answer is not None and answer.log:
            kept.put(answer.text(), whole=True)

    def _greet(self, host: str) -> EngineTrouble | None:
        hint = f"Try `ssh {host} {self._program} --version`."
        try:
            if self._call(host, HostRequest()) is not None:
                return None
        except GitcoordError as error:
            return EngineTrouble(message=error.message, hint=hint)
        return EngineTrouble(message=f"{host} cannot be reached.", hint=hint)

    def _call(self, host: str, request: HostRequest) -> HostAnswer | None:
        """Returns the host's answer; None if the connection fails or breaks."""
        command = (*self._ssh, "--", host, f"{self._program} engine-host")
        self._away.add(host)
        try:
            ran = subprocess.run(
                command,
                input=msgspec.json.encode(request),
                capture_output=True,
                timeout=_LONGEST_CALL,
                cwd=self._directory,
            )
        except subprocess.TimeoutExpired:
            return None
        except OSError as error:
            raise GitcoordError("engine-refused", f"ssh cannot be started: {error.strerror}.") from error
        if ran.returncode == _UNREACHABLE:
            return None
        self._away.discard(host)
        try:
            return msgspec.json.decode(ran.stdout, type=HostAnswer)
        except msgspec.DecodeError:
            told = " ".join(ran.stderr.decode("utf-8", "replace").split())[-300:]
            message = f"{host} has no gitcoord that answers ({told or f'exit code {ran.returncode}'})."
            raise GitcoordError(
                "engine-refused", message, hint=f"Install it there: `{self._program}`."
            ) from None


def _options() -> list[str]:
    """Options of `ssh`: ask no questions, give up soon on a host that is down, reuse connections."""
    sockets = Path(tempfile.gettempdir()) / f"gitcoord-ssh-{os.getuid()}"
    sockets.mkdir(mode=0o700, exist_ok=True)
    values = {
        "BatchMode": "yes",
        "ConnectTimeout": str(_CONNECTING),
        "ServerAliveInterval": "15",
        "ControlMaster": "auto",
        "ControlPath": f"{sockets}/%C",
        "ControlPersist": "60",
    }
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]
