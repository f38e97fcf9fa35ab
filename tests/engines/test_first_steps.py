"""The first steps on each engine, run as `docs/engines.md` has them: at most ten lines."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli import gitcoord
from tests.support.engines import asked_for
from tests.support.kubernetes import Cluster
from tests.support.project import Project
from tests.support.ready_engines import DOCS, kinds
from tests.support.slurm import SlurmCluster
from tests.support.ssh import SshHosts
from tests.support.tasklists import task
from tests.support.waiting import until

SECTIONS = {
    "ssh": "Machines behind SSH",
    "kubernetes": "Kubernetes",
    "slurm": "Slurm",
    "dask": "Dask",
    "argo": "Argo Workflows, with a coordinator",
}
_AS_JSON = "--dry-run=client --output=json | kubectl create --filename -"
"""Makes kubectl send what the double reads: for Secrets it takes Protobuf otherwise."""
_CLAUDE = '#!/bin/sh\n[ "$1" = --version ] || echo done > work-$GITCOORD_TASK_ID\n'


def block(name: str, language: str) -> str:
    """The first block of the section in a language, up to the first steps; empty if there is none."""
    section = DOCS.read_text(encoding="utf-8").partition(f"\n## {SECTIONS[name]}\n")[2].partition("\n## ")[0]
    steps = re.search(r"^```sh\n.*?^```", section, re.MULTILINE | re.DOTALL)
    assert steps is not None
    found = re.search(rf"^```{language}\n(.*?)^```", section[: steps.end()], re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", SECTIONS)
def test_the_first_steps_have_at_most_ten_lines(name: str) -> None:
    lines = f"{block(name, 'toml')}{block(name, 'sh')}".splitlines()
    assert 5 <= len([line for line in lines if line]) <= 10


@pytest.mark.parametrize("name", [pytest.param(name, marks=asked_for(name)) for name in SECTIONS])
def test_the_first_steps_land_a_plan(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if skip := kinds()[name].skip:
        pytest.skip(skip)
    bin = tmp_path / "bin"
    bin.mkdir()
    program(bin / "claude", _CLAUDE)
    program(bin / "make", "#!/bin/sh\ntest -e work-1\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{bin}:{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin")
    # What programs are called on the nodes.
    local = tmp_path / "home/.local/bin"
    local.mkdir(parents=True)
    (local / "gitcoord").symlink_to(Path(sys.executable).parent / "gitcoord")
    tasks = [task(1), task(2, depends_on=[1])]
    files = {"gitcoord.toml": block(name, "toml")}
    with installed(name, tmp_path, monkeypatch):
        project = Project.create(tmp_path / "project", tasks, files=files)
        (project.desk.path / "gitcoord-attempt.yaml").write_text(block(name, "yaml"))
        steps = block(name, "sh").splitlines()
        own = [line for line in steps if line.startswith("dask ")]
        cluster = [
            subprocess.Popen(["bash", "-c", f"exec {line}"], cwd=tmp_path, stderr=subprocess.DEVNULL)
            for line in own
        ]
        try:
            if cluster:
                until(lambda: gitcoord("doctor", cwd=project.desk.path).code == 0)
            # There is no terminal that it could ask.
            script = "\n".join(line for line in steps if line not in own).replace(" run ", " run --yes ")
            script = re.sub(r"(create secret .*)", rf"\1 {_AS_JSON}", script)
            ran = subprocess.run(["bash", "-euxc", script], cwd=project.desk.path, capture_output=True)
        finally:
            for process in cluster:
                process.terminate()
                process.wait(30)
    assert ran.returncode == 0, os.fsdecode(ran.stdout + ran.stderr)
    assert {"work-1", "work-2"} <= set(project.remote.files("main"))


@contextmanager
def installed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What has to be there before the first steps: hosts, a cluster."""
    if name == "ssh":
        hosts = SshHosts(tmp_path / "hosts", ("build1", "build2"))
        found = shutil.which("ssh")
        program(tmp_path / "bin/ssh", f'#!/bin/sh\nexec {found} -F {hosts.place}/config "$@"\n')
        for host in ("build1", "build2"):
            start = hosts.home(host) / "run"
            start.write_text(start.read_text().replace("export PATH=", f"export PATH={tmp_path}/bin:"))
        ending = hosts.close
    elif name == "slurm":
        slurm = SlurmCluster(tmp_path / "slurm")
        monkeypatch.setenv("SLURM_CONF", slurm.environment["SLURM_CONF"])
        ending = slurm.close
    elif name == "dask":
        ending = lambda: None  # noqa: E731
    else:
        cluster = Cluster(tmp_path / "cluster")
        monkeypatch.setenv("KUBECONFIG", str(cluster.place / "config"))
        ending = cluster.close
    try:
        yield
    finally:
        ending()


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
