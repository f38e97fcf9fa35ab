"""Compares the conflict check with `git merge-tree` run one by one, with nothing left out.

Replays the newest real merges of a repository, and judges all pairs of branches: verdicts, conflicted paths
and trees have to agree. The pairs' truth is what landing asks: one branch merged onto the base with its real
history, then the other, in both orders; where one does not merge with the base, the two tips.
"""

import argparse
import subprocess
import sys
import tempfile
from itertools import combinations
from pathlib import Path

from testbed import Testbed, copied, generated, tips, with_branches, with_merges

from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.fork_points import find_forks
from gitcoord.conflicts.model import BranchInput
from gitcoord.conflicts.rebase_in_memory import MergeContext, plain_paths, rebase_onto_base
from gitcoord.git.git_cli import Git
from gitcoord.git.locate_repository import locate
from gitcoord.git.merge_tree import TreeMerge, merge_trees, read_merge
from gitcoord.git.object_writer import Writer
from gitcoord.tasks.model import TaskId


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-", dir=options.scratch) as directory:
        place = Path(directory, "project.git")
        bed = copied(options.repository, place) if options.repository else generated(place, options.files, 1)
        print(f"{options.repository or 'a generated repository'}, {bed.git('version')}, seed {options.seed}")
        if not options.repository:
            with_merges(with_branches(bed, options.merges, options.seed + 1), options.seed)
        wrong = _replay(bed, options.merges)
        bed = with_branches(bed, options.branches, options.seed)
        wrong += _pairs(bed, options.sample)
        wrong += _orders(bed)
    print("agreement: 100 %" if not wrong else f"{wrong} disagreements")
    sys.exit(1 if wrong else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", nargs="?", type=Path, help="a git repository; default: a generated one")
    parser.add_argument("--merges", type=int, default=500, help="how many of the newest real merges")
    parser.add_argument("--branches", "-n", type=int, default=60, help="branches whose pairs are all judged")
    parser.add_argument("--sample", type=int, default=200, help="merges asked in a process each, not in one")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--scratch")
    return parser.parse_args()


def _replay(bed: Testbed, most: int) -> int:
    """Every real merge as a branch brought onto a base: its second parent onto its first."""
    wanted = ("--min-parents=2", "--max-parents=2", f"--max-count={most}")
    listing = bed.git("rev-list", *wanted, "--parents", "--all")
    wrong = conflicts = 0
    merges = [line.split()[1:] for line in listing.splitlines()]
    with locate(bed.path).open().git.quarantine() as git:
        for base, tip in merges:
            context = MergeContext(git, base, find_forks(git, base, [tip]))
            rebased = rebase_onto_base(context).get(tip)
            if rebased is None:
                continue
            alone = _alone(git, base, tip)
            conflicts += not alone.clean
            ours = (rebased.lands, set(rebased.paths))
            if ours != (bool(alone.clean), set(plain_paths(alone.paths, (base, tip)))):
                wrong += _tell(f"merging {tip} into {base}: {ours} against {alone.clean}, {alone.paths}")
            elif rebased.lands and rebased.tree != alone.tree and context.trees[tip] != alone.tree:
                wrong += _tell(f"merging {tip} into {base}: tree {rebased.tree} against {alone.tree}")
    print(f"real merges replayed: {len(merges):,}, of which {conflicts:,} conflict; {wrong} disagree")
    return wrong


def _pairs(bed: Testbed, sample: int) -> int:
    known = dict(tips(bed))
    base = known.pop(bed.base)
    inputs = [BranchInput(task=TaskId(name), branch=name, commit=tip) for name, tip in known.items()]
    repository = locate(bed.path).open()
    report = check_branches(
        repository,
        level="level-0",
        base=bed.base,
        base_commit=base,
        branches=inputs,
        candidates=(),
        only_pairs=True,
    )
    told = {pair.tasks: set(pair.conflicted_paths) for pair in report.pairs if pair.verdict == "conflict"}
    blocked = {branch.task for branch in report.branches if branch.base_conflicts}
    ready = [branch.task for branch in report.branches if branch.state == "ready"]
    wrong = 0
    with repository.git.quarantine() as git:
        context = MergeContext(git, base, find_forks(git, base, list(known.values())))
        merged = merge_trees(git, [(base, known[name]) for name in ready])
        landed = {
            name: context.landed(merge.tree, known[name]) for name, merge in zip(ready, merged, strict=True)
        }
        asked = []
        pairs = list(combinations(ready, 2))
        for one, other in pairs:
            if one in blocked or other in blocked:
                asked.append([(known[one], known[other])])
            else:
                asked.append([(landed[one], known[other]), (landed[other], known[one])])
        flat = [request for both in asked for request in both]
        outcomes = dict(zip(flat, merge_trees(git, flat), strict=True))
        step = max(1, len(flat) // max(1, sample))
        for request in flat[::step]:
            if _alone(git, *request) != outcomes[request]:
                wrong += _tell(f"{request}: one process for all merges answers otherwise than one for each")
        unsure = 0
        for pair, both in zip(pairs, asked, strict=True):
            paths = {p for r in both if not outcomes[r].clean for p in plain_paths(outcomes[r].paths, r)}
            failed = any(not outcomes[request].clean for request in both)
            if not blocked.isdisjoint(pair) and pair not in told:
                unsure += failed
            elif (pair in told, told.get(pair, set())) != (failed, paths):
                wrong += _tell(f"{pair}: told {told.get(pair)}, found {paths}")
    print(
        f"pairs of {len(ready)} branches: {len(pairs):,}, of which {len(told):,} conflict; {wrong} disagree; "
        f"{len(blocked)} branches do not merge with the base, and their tips fail on {unsure} more for what "
        "the base did"
    )
    return wrong


def _orders(bed: Testbed) -> int:
    """Lands every wave as it was proved, a real merge commit on the other, a process each."""
    known = dict(tips(bed))
    base = known.pop(bed.base)
    inputs = [BranchInput(task=TaskId(name), branch=name, commit=tip) for name, tip in known.items()]
    repository = locate(bed.path).open()
    report = check_branches(
        repository, level="level-0", base=bed.base, base_commit=base, branches=inputs, candidates=()
    )
    wrong = 0
    with repository.git.quarantine() as git:
        writer = Writer(git, base)
        for wave in report.proof:
            landed = base
            for step in wave:
                merge = _alone(git, landed, step.head)
                if not merge.clean or step.tree not in ("", merge.tree):
                    wrong += _tell(f"landing {step.task} in a wave of {len(wave)} fails in {merge.paths}")
                    break
                landed = writer.commit(merge.tree, [landed, step.head], when=2**31 - 1)
    sizes = ", ".join(str(len(wave)) for wave in report.proof)
    print(
        f"waves landed by real merges: {sizes} ({len(report.joint)} conflicts of several); {wrong} disagree"
    )
    return wrong


def _alone(git: Git, ours: str, theirs: str) -> TreeMerge:
    """One merge in a process of its own."""
    ended = git.run("merge-tree", "--write-tree", "-z", "--name-only", "--messages", ours, theirs, ok=())
    if ended.code not in (0, 1):
        return TreeMerge(None, problem=ended.reason)
    # The same form as with --stdin; the status is the exit code.
    output = ended.stdout.decode("utf-8", "surrogateescape")
    fields = iter([str(1 - ended.code), *output.split("\0")])
    merge = read_merge(fields)
    assert merge is not None
    return merge


def _tell(text: str) -> int:
    print(f"  {text}")
    return 1


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}")
