"""A worker's container: `scripts/container-base.sh` as a process with an environment and files of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.cli import Ran, environment
from tests.support.forked_command import command_directory
from tests.support.project import Project

SCRIPT = Path(__file__).parents[2] / "scripts" / "container-base.sh"
DO = 'mkdir -p work && echo "$TASK_ID on $TASK_BRANCH in $EXECUTION_LEVEL" > "work/$TASK_ID.txt"'


class Container:
    """One container: its environment and its file system, which a restart keeps."""

    def __init__(self, project: Project, id: str, **variables: str) -> None:
        self.workdir = project.desk.path.parent / f"container {id}"
        self.env = environment(
            {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "TASK_ID": id,
                "REPOSITORY_URL": project.remote.path.as_uri(),
                "AGENT_COMMAND": DO,
                "WORKDIR": str(self.workdir),
                "GITCOORD_WORKER": f"container-{id}",
                **variables,
            }
        )

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", str(SCRIPT)],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, ok: int | None = 0) -> Ran:
        return ended(self.start(), ok)

    def with_agent(self, command: str) -> "Container":
        self.env["AGENT_COMMAND"] = command
        return self


class ForkedContainer(Container):
    """The same with a `gitcoord` that is forked, in no session of the container's: killed, never frozen."""

    def __init__(self, project: Project, id: str, **variables: str) -> None:
        super().__init__(project, id, **variables)
        self.env["PATH"] = f"{command_directory()}{os.pathsep}{self.env['PATH']}"


def ended(process: subprocess.Popen[bytes], ok: int | None = 0) -> Ran:
    out, err = process.communicate(timeout=120)
    ran = Ran(process.returncode, os.fsdecode(out), os.fsdecode(err))
    assert ok is None or ran.code == ok, f"ended with {ran.code}:\n{ran.out}\n{ran.err}"
    return ran


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def waits_for(process: subprocess.Popen[bytes], said: str) -> str:
    """What the process has said on stderr, once it has said that."""
    assert process.stderr is not None
    heard = ""
    while said not in heard:
        line = process.stderr.readline()
        assert line, heard
        heard += os.fsdecode(line)
    return heard


def wait_for(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def work_in_base(project: Project) -> Mapping[str, str]:
    paths = [path for path in project.remote.files("main") if path.startswith("work/")]
    return {path: project.remote.read("main", path) for path in paths}
