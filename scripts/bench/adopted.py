"""Fleets of pull requests landed by `gitcoord land`, and oldest first; see `scripts/bench/adopted`.

`arrival` is what a host with "require branches to be up to date" and a check makes of people: the oldest
first, each brought up to date by a push, checked, and merged if the check passes; what conflicts or fails
is left for its owner. `button` merges the oldest first where git merges it, and checks nothing. A pull
request is untouched when it lands with the head that its owner pushed. `base` says whether it passes the
check at last.
"""

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.cli import gitcoord
from tests.support.github import GitHubEmulator
from tests.support.github.person import Person
from tests.support.repos import Repo, hermetic_environment

REGIONS, GAP = 12, 8
CHECK = "cat ids/* | sort | uniq -d | grep . && exit 1; exit 0"
"""Fails where two files of `ids/` have the same number: two that merge and do not go together."""


class Fleet(NamedTuple):
    """Pull requests in the order in which they came: branch, the branch that it goes onto, and its files."""

    pulls: list[tuple[str, str, dict[str, str]]]


class Result(NamedTuple):
    """What landed, and what it took."""

    landed: int
    untouched: int
    checks: int
    pushes: int
    passes: bool
    seconds: float


def text(*changed: int, by: str) -> str:
    """A file of regions far enough apart to merge, with some of them changed."""
    lines = []
    for region in range(REGIONS):
        lines += [f"region {region}{f' {by}' if region in changed else ''}\n", *["same\n"] * GAP]
    return "".join(lines)


def one_in_the_way(dice: random.Random) -> Fleet:
    """The first one, a sweeping change, conflicts with most of those after it; two pairs fail together."""
    pulls = [("sweep", "main", {"src/a.txt": text(*range(10), by="sweep")})]
    for number in range(10):
        pulls.append((f"fix-{number}", "main", {"src/a.txt": text(number, by=f"fix {number}")}))
    for number in range(5):
        pulls.append((f"new-{number}", "main", {f"ids/{number}": f"{number // 2}\n"}))
    return Fleet(pulls)


def scattered(dice: random.Random) -> Fleet:
    """Each changes one to three regions of four files at random."""
    pulls = []
    for number in range(24):
        name, files = f"agent-{number}", dict[str, set[int]]()
        for _ in range(dice.randint(1, 3)):
            files.setdefault(dice.choice("abcd"), set()).add(dice.randrange(REGIONS))
        changes = {f"src/{file}.txt": text(*regions, by=name) for file, regions in files.items()}
        pulls.append((name, "main", {**changes, f"ids/{number}": f"{number % 20}\n"}))
    return Fleet(pulls)


def stacks(dice: random.Random) -> Fleet:
    """Four stacks of three, and eight single ones of which some conflict with two stacks each."""
    pulls = []
    for number in range(8):
        regions = (number, number + 1) if number < 3 else (REGIONS - 1,) if number == 3 else ()
        files = {"src/a.txt": text(*regions, by=f"single {number}")} if regions else {}
        pulls.append((f"single-{number}", "main", {**files, f"single/{number}": "x\n"}))
    for stack in range(4):
        below, changed = "main", {"src/a.txt": text(stack, by=f"stack {stack}")}
        for floor in range(3):
            name = f"stack-{stack}-{floor}"
            pulls.append((name, below, {**changed, f"stack/{stack}-{floor}": "x\n"}))
            below, changed = name, {}
    return Fleet(pulls)


FLEETS: Mapping[str, Callable[[random.Random], Fleet]] = {
    "one in the way": one_in_the_way,
    "scattered": scattered,
    "stacks": stacks,
}


class Place:
    """A fleet on the emulated GitHub."""

    def __init__(self, hub: GitHubEmulator, directory: Path, fleet: Fleet, name: str) -> None:
        self.hub, self.directory = hub, directory
        self.app = hub.make_repository(f"acme/{name}")
        self.remote = Repo(self.app.git_dir)
        base = {f"src/{file}.txt": text(by="") for file in "abcd"}
        self.remote.commit({**base, "ids/0": "zero\n"}, "first commit")
        person = Person(self.app)
        for branch, onto, files in fleet.pulls:
            self.remote.commit(files, f"Work on {branch}", branch=branch, at=onto)
            person.open(branch, onto, f"Title of {branch}")
        self.heads = {branch: self.remote.tip(branch) for branch, _, _ in fleet.pulls}

    def git(self, *arguments: str, ok: tuple[int, ...] = (0,)) -> str:
        return self.remote.git(*arguments, ok=ok)


def by_gitcoord(place: Place) -> Result:
    """`gitcoord land` with the check."""
    log, desk = place.directory / "checks.log", place.directory / "desk"
    place.git("clone", "--quiet", "--", place.app.authenticated_url, str(desk))
    numbers = [str(number) for number in place.app.pulls]
    check = f"echo >> {log}; {CHECK}"
    began = time.perf_counter()
    words = ("--check", check, "--shell", "--flaky", "0", "--yes", "--json")
    ran = gitcoord("land", *numbers, *words, cwd=desk, env=place.hub.environment())
    spent = time.perf_counter() - began
    landed = [place.app.pulls[one["pull"]] for one in json.loads(ran.out)["landed"]]
    moved = {
        branch for branch, tip in place.heads.items() if place.remote.find(f"refs/heads/{branch}") != tip
    }
    checks = len(log.read_text().splitlines()) if log.exists() else 0
    untouched = sum(pull.head not in moved for pull in landed)
    return Result(len(landed), untouched, checks, len(moved), _passes(place, "main"), spent)


def by_arrival(place: Place, fleet: Fleet, *, proved: bool) -> Result:
    """The oldest first; `proved`: each is brought up to date and checked before it is merged."""
    base = place.remote.tip("main")
    landed, untouched, checks, pushes = set[str](), 0, 0, 0
    began = time.perf_counter()
    for branch, onto, _ in fleet.pulls:
        head = place.heads[branch]
        if (onto != "main" and onto not in landed) or not _merges(place, base, head):
            continue
        tree = place.git("merge-tree", "--write-tree", base, head)
        if proved and place.git("merge-base", base, head) != base:
            head = place.git("commit-tree", tree, "-p", head, "-p", base, "-m", "update")
            pushes += 1
        checks += proved
        if proved and not _passes(place, head):
            continue
        base = place.git("commit-tree", tree, "-p", base, "-p", head, "-m", "merge")
        landed.add(branch)
        untouched += head == place.heads[branch]
    spent = time.perf_counter() - began
    return Result(len(landed), untouched, checks, pushes, _passes(place, base), spent)


def _merges(place: Place, base: str, head: str) -> bool:
    argv = ["git", "--git-dir", str(place.remote.path), "merge-tree", "--write-tree", base, head]
    return subprocess.run(argv, capture_output=True).returncode == 0


def _passes(place: Place, commit: str) -> bool:
    """Runs the check on a commit's files."""
    with tempfile.TemporaryDirectory(dir=place.directory) as scratch:
        place.git("--work-tree", scratch, "checkout", "--quiet", "--force", commit, "--", ".")
        return subprocess.run(["sh", "-c", CHECK], cwd=scratch, capture_output=True).returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    columns = ("landed", "untouched", "checks", "pushes", "   base", "   time")
    print(f"{'fleet':16} {'pulls':>5}  {'way':10} {' '.join(columns)}")
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        os.environ.update(hermetic_environment(Path(scratch)))
        os.environ.update(NO_PROXY="127.0.0.1,localhost", no_proxy="127.0.0.1,localhost")
        with GitHubEmulator(Path(scratch, "github")) as hub:
            for name, make in FLEETS.items():
                fleet = make(random.Random(options.seed))
                directory = Path(scratch, name.replace(" ", "-"))
                directory.mkdir()
                place = Place(hub, directory, fleet, directory.name)
                for way in ("button", "arrival", "gitcoord"):
                    by_hand = way != "gitcoord"
                    result = (
                        by_arrival(place, fleet, proved=way == "arrival") if by_hand else by_gitcoord(place)
                    )
                    print(
                        f"{name:16} {len(fleet.pulls):5}  {way:10} {result.landed:6} {result.untouched:9} "
                        f"{result.checks:6} {result.pushes:6} {'passes' if result.passes else 'broken':>7} "
                        f"{result.seconds:6.1f}s",
                        flush=True,
                    )
            hub.assert_clean()


if __name__ == "__main__":
    main()
