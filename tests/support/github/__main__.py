"""The emulator as a process: `python -m tests.support.github --root DIR --port-file FILE`."""

import argparse
import os
import signal
from pathlib import Path

from tests.support.github.emulator import TOKEN, GitHubEmulator


def main() -> None:
    """Serves until SIGTERM or SIGINT; the port file appears when it does."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.github")
    parser.add_argument("--root", type=Path, required=True, help="where the repositories are made")
    parser.add_argument("--port-file", type=Path, required=True, help="the port is written here")
    parser.add_argument("--repository", action="append", default=[], help="OWNER/NAME, made at start")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--ready-fd", type=int, help="the port is written to this file descriptor, too")
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with GitHubEmulator(options.root, token=options.token) as hub:
        for name in options.repository:
            hub.make_repository(name)
        port = hub.url.rpartition(":")[2]
        partial = options.port_file.with_suffix(".partial")
        partial.write_text(port)
        partial.rename(options.port_file)
        if options.ready_fd is not None:
            os.write(options.ready_fd, port.encode())
            os.close(options.ready_fd)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
