"""Real SSH servers on loopback: each is a host of its own, with a home, a cache and a `gitcoord`."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

SSHD = shutil.which("sshd") or next(
    (p for p in ("/usr/sbin/sshd", "/usr/local/sbin/sshd") if Path(p).exists()), None
)


class SshHosts:
    """Hosts `one`, `two` …, known to the `ssh` command in `command` by a configuration of the test's own."""

    def __init__(self, place: Path, names: Sequence[str]) -> None:
        place.mkdir(parents=True)
        self.place = place
        self.command = ("ssh", "-F", str(place / "config"))
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("host", "user"):
            key = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name))
            subprocess.run(key, check=True)
        shutil.copy(place / "user.pub", place / "authorized")
        told = []
        for name in names:
            home, port = self.home(name), _free_port()
            home.mkdir()
            (home / "run").write_text(
                f"#!/bin/sh\nexport HOME={home} XDG_CACHE_HOME={home}/.cache\n"
                f"export PATH={Path(sys.executable).parent}:$PATH\n"
                f'cd "$HOME" && eval "$SSH_ORIGINAL_COMMAND"\n'
            )
            (home / "run").chmod(0o755)
            (place / f"{name}.conf").write_text(
                f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nPidFile none\nStrictModes no\n"
                f"AuthorizedKeysFile {place}/authorized\nPasswordAuthentication no\nUsePAM no\n"
                f"ForceCommand {home}/run\nPermitRootLogin yes\nMaxStartups 100\n"
            )
            told.append(
                f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {place}/user\n"
                f"  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"
            )
            self.begin(name)
        (place / "config").write_text("\n".join(told))

    def home(self, name: str) -> Path:
        return self.place / f"home-{name}"

    def begin(self, name: str) -> None:
        """Starts the host's server."""
        assert SSHD is not None
        Path("/run/sshd").mkdir(exist_ok=True)
        environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"}
        self._servers[name] = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(self.place / f"{name}.conf")],
            env=environment,
            stderr=(self.place / f"{name}.log").open("ab"),
        )
        port = int((self.place / f"{name}.conf").read_text().split()[1])
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self.place / f"{name}.log").read_text())

    def end(self, name: str) -> None:
        """The host is gone from the network: its server and all connections; what runs there goes on."""
        server = self._servers.pop(name)
        subprocess.run(["pkill", "-KILL", "-P", str(server.pid)], check=False)
        server.kill()
        server.wait()

    def close(self) -> None:
        for name in list(self._servers):
            self.end(name)


def _free_port() -> int:
    with socket.socket() as trying:
        trying.bind(("127.0.0.1", 0))
        return int(trying.getsockname()[1])


needs_sshd = pytest.mark.skipif(
    SSHD is None or os.name != "posix" or shutil.which("ssh-keygen") is None or os.geteuid() != 0,
    reason="there is no sshd that may be started: apt-get install openssh-server, as root",
)
