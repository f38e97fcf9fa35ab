"""Generated worktrees of every kind before `gitcoord tidy`; see `scripts/bench/tidy`.

The kinds are those of `tests/reclaim/fleet.py`, drawn from a seed. A worktree is lost when it goes
although its work is not in the base, or although it holds something that is not committed. Beside what is
reclaimed stands what ancestry alone would have proved (`git branch --merged`).
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.reclaim.fleet import GOES, STAYS, Fleet
from tests.support.cli import gitcoord
from tests.support.repos import hermetic_environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worktrees", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    kinds = sorted(GOES | STAYS)
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        os.environ.update(hermetic_environment(Path(scratch)))
        fleet = Fleet(Path(scratch), options.seed)
        try:
            began = time.perf_counter()
            for number in range(options.worktrees):
                fleet.add(kinds[number] if number < len(kinds) else dice.choice(kinds))
            print(f"{options.worktrees:,} worktrees made in {time.perf_counter() - began:.0f} s", flush=True)
            report(fleet)
        finally:
            fleet.close()


def report(fleet: Fleet) -> None:
    """Looks, removes, and compares with what each worktree is."""
    began = time.perf_counter()
    seen = json.loads(gitcoord("tidy", "--dry-run", "--json", cwd=fleet.repo.path, ok=0).out)
    looked = time.perf_counter() - began
    began = time.perf_counter()
    removed = json.loads(gitcoord("tidy", "--yes", "--json", cwd=fleet.repo.path).out)
    spent = time.perf_counter() - began
    gone = {path for path in fleet.kinds if not Path(path).exists()}
    landed = {path for path, kind in fleet.kinds.items() if kind in GOES}
    lost = gone - landed
    trees = {one["path"]: one for one in seen["holdings"] if one["kind"] == "worktree"}
    by_ancestry = sum(trees[path]["contained"] for path in landed)
    count = len(fleet.kinds)
    print(f"{'kind':28} {'there':>6} {'gone':>6}")
    there, left = Counter(fleet.kinds.values()), Counter(fleet.kinds[path] for path in gone)
    for kind in sorted(there):
        print(f"{kind:28} {there[kind]:6} {left[kind]:6}")
    print(f"lost: {len(lost)}")
    print(f"reclaimed: {len(gone & landed)} of {len(landed)} landed ({len(gone & landed) / len(landed):.1%})")
    print(f"by ancestry alone: {by_ancestry} of {len(landed)} ({by_ancestry / len(landed):.1%})")
    print(f"freed: {removed['freed'] / 1e6:.1f} MB")
    print(f"looking: {looked:.1f} s, {looked / count * 1000:.1f} ms a worktree")
    print(f"looking and removing: {spent:.1f} s, {spent / count * 1000:.1f} ms a worktree")
    for path in sorted(landed - gone)[:5]:
        print(f"kept: {fleet.kinds[path]}: {trees[path]['state']}: {trees[path]['reason']}")


if __name__ == "__main__":
    main()
