"""Measures the conflict check against the naive loop, against a process a branch, and against the floor.

All in one run, as ratios of CPU time (own and children's): the machine may be busy with other things.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import Cost, cost_of
from testbed import Testbed, copied, generated, moved_on, tips, with_branches

from gitcoord.git.locate_repository import locate

HERE = Path(__file__).parent
NAIVE = """
set -f
while read -r one; do
  shift_on=; for other in $(cat "$1"); do
    if [ -z "$shift_on" ]; then [ "$other" = "$one" ] && shift_on=1; continue; fi
    comm -12 <(git diff --name-only "$2...$one" | sort) <(git diff --name-only "$2...$other" | sort)
  done
done <"$1" | wc -l
"""
NAIVE_AT = (10, 30)
MOST_MERGES = 2000
"""Pairs that the floor merges; of more a sample is merged, and its cost scaled up."""
MOVES = 5
"""So many times one branch moves; the run in the middle counts."""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-", dir=options.scratch) as directory:
        place = Path(directory, "project.git")
        bed = copied(options.repository, place) if options.repository else generated(place, options.files, 1)
        files = len(bed.git("ls-tree", "-r", "--name-only", bed.base).split("\n"))
        print(f"{options.repository or 'a generated repository'}: {files:,} files")
        print(f"{bed.git('version')}, seed {options.seed}; ratios of CPU time")
        per_pair = 0.0
        for count in sorted({*NAIVE_AT, *options.branches} if options.naive else set(options.branches)):
            per_pair = _measure(bed, count, options, per_pair)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", nargs="?", type=Path, help="a git repository; default: a generated one")
    parser.add_argument("--branches", "-n", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--files", type=int, default=5000, help="files of the generated repository")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--scratch", help="where to make the repository; default: the temporary directory")
    parser.add_argument("--no-naive", dest="naive", action="store_false", help="leave the slow loop out")
    return parser.parse_args()


def _measure(bed: Testbed, count: int, options: argparse.Namespace, per_pair: float) -> float:
    bed = with_branches(bed, count, options.seed + count)
    pairs = count * (count - 1) // 2
    print(f"\n{count:,} branches, {pairs:,} pairs", flush=True)
    cold = _engine(bed, "pairs")
    found = json.loads(cold.output)
    print(
        f"  {found['overlapping']:,} pairs overlap ({found['overlapping'] / pairs:.1%}), "
        f"{found['conflicting']:,} conflict ({found['conflicting'] / pairs:.1%}), "
        f"{found['blocked']:,} branches do not merge with the base; git merged {len(found['merged']):,} pairs"
    )
    floor = _floor(bed, found["merged"], options.seed)
    _line("the floor", floor)
    _line("gitcoord, cold cache", cold, floor, "of the floor")
    print(
        f"    memory: Python {found['peak']:.0f} MB, largest git process {found['peak_git']:.0f} MB "
        f"(two at most: {found['peak'] + 2 * found['peak_git']:.0f} MB)"
    )
    whole = _engine(bed, "whole", fresh=True)
    waves = json.loads(whole.output)["waves"]
    _line(f"  and with {waves} waves, proved", whole, floor, "of the floor")
    _warm(bed, whole, "whole", "warm, ", options.seed)
    _engine(bed, "pairs", fresh=True)
    _warm(bed, cold, "pairs", "  without waves and proof: warm, ", options.seed + 50)
    start = _start(bed)
    _line("start-up: Python, its imports, 10 x git", start, cold, "of cold")
    if options.naive and count in NAIVE_AT:
        naive = _naive(bed)
        per_pair = naive.cpu / pairs
        _naive_line("naive loop over pairs, measured", naive.cpu, cold, start)
    elif per_pair:
        _naive_line("naive loop over pairs, extrapolated", per_pair * pairs, cold, start)
    if count <= 100:
        _line("one git diff a branch", _diff_each(bed), cold, "of cold")
    return per_pair


def _warm(bed: Testbed, cold: Cost, what: str, title: str, seed: int) -> None:
    _line(f"{title}nothing moved", _engine(bed, what), cold, "of cold")
    moves = []
    for number in range(MOVES):
        moved_on(bed, bed.branches[(number * 2 + 1) * len(bed.branches) // (2 * MOVES)], seed + number)
        moves.append(_engine(bed, what))
    middle = sorted(moves, key=lambda cost: cost.cpu)[MOVES // 2]
    _line(f"{title}one moved (of {MOVES})", middle, cold, "of cold")


def _start(bed: Testbed) -> Cost:
    """What any answer costs: the interpreter with what the check imports, and ten git processes."""
    script = (
        "import gitcoord.conflicts.check_level, subprocess\n" + "subprocess.run(['git', 'version'])\n" * 10
    )
    return cost_of([sys.executable, "-c", script], bed.path)


def _naive_line(what: str, seconds: float, cold: Cost, start: Cost) -> None:
    ratio = f"{seconds / cold.cpu:7.1f} x gitcoord"
    print(f"  {what:46}{seconds:9.2f} s cpu {'':15} {ratio}, {seconds / start.cpu:.0f} x its start-up alone")


def _line(what: str, cost: Cost, reference: Cost | None = None, of: str = "") -> None:
    ratio = f"{cost.cpu / reference.cpu:8.1%} {of}" if reference is not None else ""
    print(f"  {what:46}{cost.cpu:9.2f} s cpu {cost.wall:8.2f} s wall {ratio}", flush=True)


def _engine(bed: Testbed, what: str, *, fresh: bool = False) -> Cost:
    if fresh or not Path(bed.path, "gitcoord").exists():
        _forget(bed)
    request = "".join(f"{name} {tip}\n" for name, tip in tips(bed).items()).encode()
    return cost_of(
        [sys.executable, str(HERE / "engine.py"), str(bed.path), bed.base, what], HERE, input=request
    )


def _forget(bed: Testbed) -> None:
    shutil.rmtree(bed.path / "gitcoord", ignore_errors=True)


def _naive(bed: Testbed) -> Cost:
    listing = Path(bed.path, "bench-branches")
    listing.write_text("".join(f"{branch}\n" for branch in bed.branches))
    return cost_of(["bash", "-c", NAIVE, "naive", str(listing), bed.base], bed.path)


def _diff_each(bed: Testbed) -> Cost:
    script = 'base=$1; shift; for branch; do git diff --name-only "$base...$branch"; done'
    return cost_of(["bash", "-c", script, "each", bed.base, *bed.branches], bed.path)


def _floor(bed: Testbed, merged: Sequence[Sequence[str]], seed: int) -> Cost:
    """Git's own work and nothing else: one pass of diffs, every branch onto the base, the pairs that need it.

    What gitcoord has to find out on the way (merge bases, which pairs) is given here. Of very many pairs a
    sample is merged.
    """
    known = tips(bed)
    base = known[bed.base]
    work = list(dict.fromkeys(known[branch] for branch in bed.branches))
    forks = _forks(bed, base, work)
    sample = merged if len(merged) <= MOST_MERGES else random.Random(seed).sample(merged, MOST_MERGES)
    with locate(bed.path).open().git.quarantine() as git:
        environment = {
            "GIT_OBJECT_DIRECTORY": str(git.scratch),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(bed.path / "objects"),
        }
        merge = ["git", "merge-tree", "--write-tree", "-z", "--name-only", "--stdin"]
        diffs = cost_of(
            ["git", "diff-tree", "--stdin", "-r", "-z", "--no-renames"],
            bed.path,
            input="".join(f"{tip} {forks[tip]}\n" for tip in work).encode(),
        )
        onto = cost_of(
            merge, bed.path, input="".join(f"{base} {tip}\n" for tip in work).encode(), env=environment
        )
        commits = _on_base(bed, work, base, onto, environment)
        # Where a branch does not merge with the base there is nothing to put on it: the two tips.
        request = [
            f"{commits[one]} {commits[other]}\n" if {one, other} <= set(commits) else f"{one} {other}\n"
            for one, other in sample
        ]
        pairs = cost_of(merge, bed.path, input="".join(request).encode(), env=environment)
    if len(sample) < len(merged):
        times = len(merged) / len(sample)
        print(
            f"    the floor merged {len(sample):,} of {len(merged):,} pairs, drawn at random: x {times:.2f}"
        )
        pairs = pairs._replace(cpu=pairs.cpu * times, wall=pairs.wall * times)
    every = (diffs, onto, pairs)
    print(
        f"    the floor's parts: diffs {diffs.cpu:.2f}, onto the base {onto.cpu:.2f}, pairs {pairs.cpu:.2f}"
    )
    return Cost(sum(c.cpu for c in every), sum(c.wall for c in every), max(c.peak for c in every), "")


def _forks(bed: Testbed, base: str, work: Sequence[str]) -> dict[str, str]:
    """Where each branch left the base; its own commits are in one line."""
    listed = bed.git("rev-list", "--parents", "--stdin", input="\n".join([f"^{base}", *work, ""]).encode())
    parent = dict(line.split(" ")[:2] for line in listed.split("\n"))
    forks = {}
    for tip in work:
        at = tip
        while at in parent:
            at = parent[at]
        forks[tip] = at
    return forks


def _on_base(
    bed: Testbed, work: Sequence[str], base: str, onto: Cost, environment: dict[str, str]
) -> dict[str, str]:
    """Synthetic commits whose only parent is the base, for every branch that merges with it."""
    from gitcoord.git.git_cli import Git
    from gitcoord.git.merge_tree import read_merge
    from gitcoord.git.object_writer import Writer

    fields = iter(onto.output.split("\0"))
    writer = Writer(Git(bed.path, environment), base)
    commits = {}
    for tip in work:
        merge = read_merge(fields)
        if merge is not None and merge.clean:
            commits[tip] = writer.commit(merge.tree, [base])
    return commits


if __name__ == "__main__":
    main()
