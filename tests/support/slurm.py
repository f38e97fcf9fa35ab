"""A real Slurm on this machine: munged, slurmctld and three nodes of the test's own, without systemd."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

PROGRAMS = ("sbatch", "squeue", "scancel", "slurmctld", "slurmd", "munged")
needs_slurm = pytest.mark.skipif(
    not all(shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in PROGRAMS)
    or os.geteuid() != 0,
    reason="there is no Slurm that may be started: apt-get install slurm-wlm munge, as root",
)
_CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={place}/munge/sock
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool/%n
SlurmctldPidFile={place}/ctld.pid
SlurmdPidFile={place}/slurmd-%n.pid
SlurmctldLogFile={place}/log/ctld
SlurmdLogFile={place}/log/slurmd-%n
ProctrackType=proctrack/cgroup
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=5
MessageTimeout=2
MinJobAge=300
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
{nodes}
PartitionName=agents Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
"""
_NODES = ("n1", "n2", "n3")


class SlurmCluster:
    """One cluster; commands find it by `environment`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("munge", "state", "spool", "log"):
            (place / name).mkdir(parents=True)
        (place / "munge").chmod(0o700)
        key = place / "munge/key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        (place / "cgroup.conf").write_text("CgroupMountpoint=/sys/fs/cgroup\nCgroupAutomount=no\n")
        ports = [_free_port() for _ in range(1 + len(_NODES))]
        host = socket.gethostname().partition(".")[0]
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 State=UNKNOWN"
            for name, port in zip(_NODES, ports[1:], strict=True)
        )
        config = place / "slurm.conf"
        config.write_text(_CONFIG.format(host=host, place=place, ports=ports, nodes=nodes))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin"
        self.environment = {"SLURM_CONF": str(config), "PATH": path}
        files = {
            "key-file": "key",
            "socket": "sock",
            "pid-file": "pid",
            "log-file": "log",
            "seed-file": "seed",
        }
        munge = [f"--{option}={place}/munge/{name}" for option, name in files.items()]
        self._call("munged", *munge, "--force")
        self._call("slurmctld", "-c", "-f", str(config))
        for name in _NODES:
            self.begin(name)
        end = time.monotonic() + 60
        while self._call("sinfo", "-h", "-o", "%T %D").split() != ["idle", str(len(_NODES))]:
            assert time.monotonic() < end, (place / "log/ctld").read_text()[-3000:]
            time.sleep(0.1)

    def begin(self, node: str) -> None:
        """Starts a node."""
        self._call("slurmd", "-N", node, "-f", self.environment["SLURM_CONF"], "-c")

    def end(self) -> None:
        """Ends the controller: Slurm does not answer any more."""
        _kill(self.place / "ctld.pid")

    def resume(self) -> None:
        """Starts the controller again, with all that it knew."""
        self._call("slurmctld", "-f", self.environment["SLURM_CONF"])

    def close(self) -> None:
        """Ends everything that was started."""
        for file in (*(f"slurmd-{name}.pid" for name in _NODES), "ctld.pid", "munge/pid"):
            _kill(self.place / file)

    def _call(self, *command: str) -> str:
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def _kill(pid_file: Path) -> None:
    with suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int(pid_file.read_text()))
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as trying:
        trying.bind(("127.0.0.1", 0))
        return int(trying.getsockname()[1])
