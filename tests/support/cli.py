"""Runs the real `gitcoord` as a process, in the hermetic environment of the tests."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.documents import require_known_documents
from tests.support.forks import Fork, can_fork

COMMAND = (sys.executable, "-m", "gitcoord")


@dataclass(frozen=True)
class Ran:
    """How a command ended; undecodable bytes are kept as surrogates."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as the one JSON document that it has to be."""
        return json.loads(self.out)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The test's environment with more variables."""
    return {**os.environ, "COLUMNS": "100", **(extra or {})}


def gitcoord(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, input: str = "", ok: int | None = None
) -> Ran:
    """Runs `gitcoord ARGUMENTS` in `cwd`; with `ok` fails the test on another exit code."""
    code, out, err = _run(arguments, cwd, environment(env), input.encode())
    ran = Ran(code, os.fsdecode(out), os.fsdecode(err))
    assert ok is None or ran.code == ok, f"gitcoord {arguments} ended with {ran.code}:\n{ran.out}\n{ran.err}"
    assert "Traceback" not in ran.err, ran.err
    return ran


def start_gitcoord(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts `gitcoord ARGUMENTS` as the leader of a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def fork_gitcoord(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Fork:
    """Starts `gitcoord ARGUMENTS` like `start_gitcoord`, quickly: see `tests.support.forks`."""
    assert can_fork(environment(env)), arguments
    return Fork(arguments, cwd=cwd, env=environment(env), leads=True)


def _run(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str], input: bytes
) -> tuple[int, bytes, bytes]:
    if can_fork(env):
        return Fork(arguments, cwd=cwd, env=env, input=input).end()
    ended = subprocess.run([*COMMAND, *arguments], cwd=cwd, env=env, input=input, capture_output=True)
    require_known_documents(ended.stdout)
    return ended.returncode, ended.stdout, ended.stderr
