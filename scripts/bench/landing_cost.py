"""Counts the git processes of `gitcoord merge-level` on the local forge; see `scripts/bench/landing-cost`."""

import argparse
import os
import tempfile
from pathlib import Path

from tests.support.cli import gitcoord
from tests.support.git_processes import VARIABLE, count_processes
from tests.support.project import independent
from tests.support.repos import Repo, hermetic_environment
from tests.support.tasklists import write_tasks


def land(place: Path, count: int, strategy: str, *, remote: bool) -> None:
    """Lands a level of `count` tasks and prints what that took."""
    repo = Repo.create(place / "repo")
    repo.commit({"a": "a"})
    shared = repo
    if remote:
        shared = Repo.create(place / "origin.git", bare=True)
        repo.git("remote", "add", "origin", str(shared.path))
        repo.git("push", "--quiet", "origin", "main")
    ids = [str(number) for number in range(1, count + 1)]
    write_tasks(repo.path, independent(*ids))
    gitcoord("plan", "--strategy", strategy, cwd=repo.path, ok=0)
    shared.commit_many([(f"feature/level-0-task-{id}", "main", {f"{id}.txt": id}) for id in ids])
    trace = place / "trace"
    gitcoord("merge-level", cwd=repo.path, env={VARIABLE: str(trace)}, ok=0)
    counted, where = count_processes(trace), "a bare remote" if remote else "no remote"
    own, whole = counted.own / count, counted.all / count
    print(
        f"{strategy:9}  {where:13}  {own:5.1f} git processes a task, {whole:5.1f} with those that git starts"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=25)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        os.environ.update(hermetic_environment(Path(scratch)))
        for strategy in ("multi-pr", "single-pr"):
            for remote in (False, True):
                place = Path(scratch, f"{strategy}-{remote}")
                place.mkdir()
                land(place, options.tasks, strategy, remote=remote)


if __name__ == "__main__":
    main()
