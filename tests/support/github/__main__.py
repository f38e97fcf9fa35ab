"""The emulator as a process, to try gitcoord against: `python -m tests.support.github`."""

import argparse
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.support.github.emulator import TOKEN, GitHubEmulator
from tests.support.github.gitside import git_environment
from tests.support.github.model import Protection

_TASKS = """{"master": {"tasks": [
 {"id": 1, "title": "Write a poem", "status": "pending", "dependencies": []},
 {"id": 2, "title": "Write a song", "status": "pending", "dependencies": []},
 {"id": 3, "title": "Sing both", "status": "pending", "dependencies": [1, 2]}]}}
"""


def main() -> None:
    """Serves until SIGTERM or SIGINT, and says first how to use it."""
    options = _options()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    scratch = tempfile.TemporaryDirectory(prefix="github-")
    root = options.root or Path(scratch.name)
    with scratch, GitHubEmulator(root, token=options.token) as hub:
        for name in options.repository or ["acme/app"]:
            hub.make_repository(name)
        for pair in options.closes:
            _close_after_merges(hub, *pair.split(":"))
        if not options.repository:
            _fill(hub, options.require, options.approvals)
        _announce(hub, options)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.github", description=__doc__)
    parser.add_argument(
        "--root", type=Path, help="where the repositories are made (default: a scratch place)"
    )
    parser.add_argument("--port-file", type=Path, help="the port is written here")
    parser.add_argument(
        "--repository",
        action="append",
        default=[],
        help="OWNER/NAME, made empty (default: acme/app with three tasks to do)",
    )
    parser.add_argument(
        "--closes",
        action="append",
        default=[],
        metavar="OWNER/NAME:OWNER/OTHER",
        help="each merge of a pull request in NAME lets main of OTHER demand a check that nobody reports",
    )
    parser.add_argument("--require", action="append", default=[], help="a check that acme/app's main demands")
    parser.add_argument("--approvals", type=int, default=0, help="how many approvals it demands")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--ready-fd", type=int, help="the port is written to this file descriptor, too")
    return parser.parse_args()


def _close_after_merges(hub: GitHubEmulator, name: str, other: str) -> None:
    def close() -> None:
        hub.repository(other).protect("main", Protection.requiring("release"))

    hub.when(rf"^PUT /repos/{name}/pulls/\d+/merge", close, when="after", times=1000)


def _fill(hub: GitHubEmulator, required: list[str], approvals: int) -> None:
    """A first commit with a task list, and what protects it."""
    app = hub.repository("acme/app")
    text = _TASKS.encode()
    stream = (
        b"commit refs/heads/main\ncommitter A Worker <worker@example.com> 1700000000 +0000\ndata 5\nfirst\n"
    )
    stream += b"M 100644 inline tasks/tasks.json\ndata %d\n%b\n" % (len(text), text)
    argv = ["git", "--git-dir", str(app.git_dir), "fast-import", "--quiet"]
    subprocess.run(argv, input=stream, env=git_environment(), check=True)
    if required or approvals:
        app.protect("main", Protection.requiring(*required, approvals=approvals, pull_request_required=True))


def _announce(hub: GitHubEmulator, options: argparse.Namespace) -> None:
    port = hub.url.rpartition(":")[2]
    if options.port_file is not None:
        partial = options.port_file.with_suffix(".partial")
        partial.write_text(port)
        partial.rename(options.port_file)
    if options.ready_fd is not None:
        os.write(options.ready_fd, port.encode())
        os.close(options.ready_fd)
    name, first = next(iter(hub.repositories.items()))
    api = f"curl -H 'Authorization: Bearer {hub.token}' {hub.url}/repos/{name}"
    print(f"GitHub is emulated at {hub.url} until you press Ctrl-C. In another shell:")
    print(f"  export GITHUB_API_URL={hub.url} GITHUB_TOKEN={hub.token}")
    print(f"  git clone {first.authenticated_url}")
    print("  gitcoord plan; gitcoord checkout 1; …; gitcoord submit; gitcoord merge-level --wait 5m")
    print("Pull requests, and a check that is reported:")
    print(f"  {api}/pulls")
    print(f"""  {api}/statuses/COMMIT -d '{{"state": "success", "context": "ci"}}'""", flush=True)


if __name__ == "__main__":
    main()
