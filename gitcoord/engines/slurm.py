"""The Slurm engine: a batch job for each attempt, through the cluster's `sbatch`, `squeue` and `scancel`.

Login node and compute nodes share a file system: a job writes its log and its exit code into the directory of
the attempt. A job is never requeued; gitcoord starts the next attempt. See
https://slurm.schedmd.com/sbatch.html
"""

import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitcoord.engines.engine import AttemptView, EngineTrouble, Launch, is_running
from gitcoord.engines.host import HostRequest
from gitcoord.engines.processes import in_directory
from gitcoord.engines.program_call import call_program
from gitcoord.engines.supervisor import CODE_FILE, LOG_FILE
from gitcoord.errors import GitcoordError
from gitcoord.redact import redact

if TYPE_CHECKING:
    import subprocess

_JOB_FILE, _LOCK_FILE = "slurm", "slurm.lock"
_PAUSE = 2.0
"""Seconds between two requests to the queue."""
_VANISHED = 60.0
"""A job counts as lost after this many seconds without an entry in the queue and without an exit code."""
_LONGEST_CALL = 60.0
_BEYOND_GRACE = 90.0
_MARGIN = 10
"""Minutes that a job gets in addition to its attempt's time limit."""
_WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"})
_RUNNING = frozenset({"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"})


class SlurmEngine:
    """Runs attempts as batch jobs.

    `run` has, for each key, the number of its job, its log and its exit code.
    """

    name = "slurm"

    def __init__(
        self,
        run: Path,
        *,
        repository: str = "",
        generation: int = 1,
        options: Sequence[str] = (),
        program: str = "gitcoord",
        slots: int = 0,
        pause: float = _PAUSE,
        vanished: float = _VANISHED,
    ) -> None:
        self._run, self._options, self._program = run, tuple(options), program
        self._request = HostRequest(
            repository=repository, generation=generation, run="" if repository else str(run / "attempts")
        )
        self._slots, self._pause, self._vanished = slots, pause, vanished
        self._active: set[str] = set()
        self._missing: dict[str, float] = {}

    def check(self) -> EngineTrouble | None:
        """Checks that the cluster's controller answers."""
        asked = self._call("squeue", "--me", "--noheader")
        if asked.returncode == 0:
            return None
        return EngineTrouble(message=f"Slurm does not answer: {_words(asked)}", hint="Try `squeue --me`.")

    def free(self) -> int | None:
        """Returns the free `slots`; None if only the cluster limits them: its queue holds the rest."""
        if self._slots and len(self._active) >= self._slots:
            self.poll(tuple(self._active))  # A run no longer polls attempts whose end is in the journal.
        return max(0, self._slots - len(self._active)) if self._slots else None

    def start(self, launch: Launch) -> None:
        """Submits the attempt's job, unless it was submitted; raises `engine-refused` if Slurm refuses it."""
        from filelock import FileLock

        place = self._run / launch.key
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / _LOCK_FILE):
            if (place / _JOB_FILE).exists():
                return
            # A run may have died between submitting the job and recording its number.
            number = self._by_name(launch.key) or self._submit(launch, place)
            in_directory(place, lambda: (place / _JOB_FILE).write_text(number, encoding="ascii"))
        self._active.add(launch.key)

    def poll(self, keys: Sequence[str]) -> Mapping[str, AttemptView]:
        """Returns the state of each key: from the exit code that its job wrote, else from the queue."""
        seen = {key: AttemptView(key=key, state="absent") for key in keys}
        asked: dict[str, str] = {}
        for key in keys:
            number, code = self._number(key), self._code(key)
            if number and code is None:
                asked[key] = number
            elif number:
                seen[key] = AttemptView(key=key, state="ended", code=code)
                self._active.discard(key)
        states = self._states() if asked else {}
        for key, number in asked.items():
            seen[key] = self._seen(key, None if states is None else states.get(number, ""))
            (self._active.discard if seen[key].state == "ended" else self._active.add)(key)
        return seen

    def wait(self, keys: Sequence[str], seconds: float) -> None:
        """Sleeps until the next request to the queue, or until the job of one of `keys` has written its exit
        code.
        """
        until = time.monotonic() + min(seconds, self._pause)
        known = {key for key in keys if self._code(key) is not None}
        while time.monotonic() < until and not any(self._code(key) is not None for key in {*keys} - known):
            time.sleep(min(0.2, self._pause))

    def cancel(self, key: str) -> bool:
        """Cancels the job with all its processes; returns False if Slurm does not confirm that in time."""
        number = self._number(key)
        if not number:
            return True
        if self._call("scancel", "--quiet", number).returncode != 0:
            return False
        until = time.monotonic() + _BEYOND_GRACE
        while time.monotonic() < until:
            states = self._states()
            if states is None:
                return False
            if states.get(number, "") not in _WAITING | _RUNNING:
                self._active.discard(key)
                return True
            time.sleep(min(0.2, self._pause))
        return False

    def log(self, key: str) -> str | None:
        """Returns the path of the log, which the job writes; None without one."""
        path = self._run / key / LOG_FILE
        return str(path) if path.exists() else None

    def fetch_log(self, key: str) -> bool:
        """Returns whether the attempt is still running; the log is already on this machine."""
        return is_running(self.poll([key])[key])

    def _submit(self, launch: Launch, place: Path) -> str:
        """Submits the job and returns its number. The job gets the whole environment, as usual in Slurm."""
        request = msgspec.structs.replace(self._request, start=launch, code_file=str(place / CODE_FILE))
        told = msgspec.json.encode(request).decode()
        script = f"#!/bin/sh\nexec {self._program} engine-host --foreground <<'GITCOORD-REQUEST'\n{told}\n"
        script += "GITCOORD-REQUEST\n"
        limits = [] if launch.seconds is None else [f"--time={int(launch.seconds) // 60 + 1 + _MARGIN}"]
        asked = self._call(
            "sbatch",
            "--parsable",
            "--no-requeue",
            f"--job-name={self._named(launch.key)}",
            f"--output={_literal(place / LOG_FILE)}",
            "--open-mode=append",
            f"--chdir={place}",
            *limits,
            *self._options,
            send=script.encode(),
        )
        number = asked.stdout.decode("ascii", "replace").strip().partition(";")[0]
        if asked.returncode != 0 or not number.isdigit():
            raise GitcoordError(
                "engine-refused",
                f"Slurm cannot start the attempt {launch.key}: {_words(asked)}",
                hint="Check `options` in [engines.slurm], or try `sbatch --test-only`.",
                passing="perhaps",
            )
        return number

    def _by_name(self, key: str) -> str:
        """Returns the number of the user's job with the attempt's name, if there is one."""
        asked = self._call(
            "squeue", "--me", "--noheader", "--states=all", "--format=%i", f"--name={self._named(key)}"
        )
        found = asked.stdout.decode("ascii", "replace").split() if asked.returncode == 0 else []
        return found[0] if found and found[0].isdigit() else ""

    def _named(self, key: str) -> str:
        import hashlib

        place = hashlib.sha256(os.fsencode(self._run.resolve())).hexdigest()[:8]
        return f"gitcoord-{place}-{key}"

    def _states(self) -> dict[str, str] | None:
        """Returns the state of each of the user's jobs by number; None if Slurm does not answer."""
        asked = self._call("squeue", "--me", "--noheader", "--states=all", "--format=%i %T")
        if asked.returncode != 0:
            return None
        lines = (line.split() for line in asked.stdout.decode("ascii", "replace").splitlines())
        return {words[0]: words[1] for words in lines if len(words) == 2}

    def _seen(self, key: str, state: str | None) -> AttemptView:
        """Returns the state of a job without an exit code, from the queue."""
        if state is None:
            return AttemptView(key=key, state="unreachable")
        if state in _WAITING or state in _RUNNING:
            self._missing.pop(key, None)
            return AttemptView(key=key, state="starting" if state in _WAITING else "running")
        # It has ended, or Slurm no longer lists it. A job's files appear on other machines with a delay.
        since = self._missing.setdefault(key, time.monotonic())
        patience = self._vanished if not state else min(self._vanished, 5.0)
        if time.monotonic() - since < patience:
            return AttemptView(key=key, state="running")
        return AttemptView(key=key, state="ended", code=self._code(key))

    def _number(self, key: str) -> str:
        try:
            return (self._run / key / _JOB_FILE).read_text(encoding="ascii")
        except OSError:
            return ""

    def _code(self, key: str) -> int | None:
        with suppress(OSError, ValueError):
            return int((self._run / key / CODE_FILE).read_text(encoding="ascii"))
        return None

    def _call(self, *command: str, send: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Runs one of Slurm's commands."""
        return call_program(
            command,
            seconds=_LONGEST_CALL,
            way_out="Start the run on a machine that has Slurm's commands: a login node.",
            send=send,
        )


def _literal(path: Path) -> str:
    """Returns the path for `--output`, in which `%` starts a pattern."""
    return re.sub("%", "%%", str(path))


def _words(answer: "subprocess.CompletedProcess[bytes]") -> str:
    return redact(" ".join(answer.stderr.decode("utf-8", "replace").split()))[-300:]
