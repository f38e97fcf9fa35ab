"""Counts the requests of `gitcoord merge-level` against the emulated GitHub; see `scripts/bench/calls`."""

import argparse
import os
import re
import tempfile
from collections import Counter
from pathlib import Path

from tests.support.github import GitHubEmulator
from tests.support.project import Project, independent
from tests.support.repos import Repo, hermetic_environment

API = re.compile(r"^[A-Z]+ /(?:repos|repositories|graphql)")


def land(hub: GitHubEmulator, place: Path, count: int, strategy: str, check: str) -> Counter[str]:
    """Lands a level of `count` tasks, with a `check` if there is one; returns its requests."""
    app = hub.make_repository("acme/app")
    ids = [str(number) for number in range(1, count + 1)]
    project = Project.create(
        place,
        independent(*ids),
        strategy=strategy,
        remote=Repo(app.git_dir),
        url=app.authenticated_url,
        env=hub.environment(),
    )
    project.remote.commit_many([(f"feature/level-0-task-{id}", "main", {f"{id}.txt": id}) for id in ids])
    seen = len(hub.log)
    project.run("merge-level", *(("--check", check) if check else ()), ok=0)
    hub.assert_clean()
    return Counter(re.sub(r"\d+", "N", f"{entry.method} {entry.path}") for entry in hub.log[seen:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--strategy", choices=("multi-pr", "single-pr"), default="multi-pr")
    parser.add_argument(
        "--check", default="", metavar="CMD", help="land with this check, run on this machine"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        os.environ.update(hermetic_environment(Path(scratch)))
        os.environ.update(NO_PROXY="127.0.0.1,localhost", no_proxy="127.0.0.1,localhost")
        with GitHubEmulator(Path(scratch, "github")) as hub:
            counted = land(hub, Path(scratch, "project"), options.tasks, options.strategy, options.check)
        pulls = sum(len(repository.pulls) for repository in hub.repositories.values())
    api = Counter({line: number for line, number in counted.items() if API.search(line)})
    for line, number in api.most_common():
        print(f"{number:6} {line}")
    print(f"\n{options.tasks} tasks landed through {pulls} pull requests")
    print(f"{api.total()} API calls, {api.total() / max(1, pulls):.1f} a pull request")
    git = counted.total() - api.total()
    print(f"{git} requests of git's own, {git / options.tasks:.1f} a task")


if __name__ == "__main__":
    main()
