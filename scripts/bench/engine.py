"""One run of gitcoord's conflict check, as a process to be measured: `engine.py REPOSITORY BASE [BRANCH…]`.

Branches come from stdin. Prints one JSON document: the costs inside, peak memory, and which pairs git merged.
"""

import json
import resource
import sys
import time
from pathlib import Path

from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.model import BranchInput
from gitcoord.git.locate_repository import locate
from gitcoord.tasks.model import TaskId


def main(path: str, base: str, alone: str) -> None:
    tips = dict(line.split(" ") for line in sys.stdin.read().splitlines())
    started = time.process_time()
    report = check_branches(
        locate(Path(path)).open(),
        level="level-0",
        base=base,
        base_commit=tips.pop(base),
        branches=[BranchInput(task=TaskId(name), branch=name, commit=tip) for name, tip in tips.items()],
        candidates=(),
        only_pairs=alone == "pairs",
    )
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    tip_of = {branch.task: branch.commit for branch in report.branches}
    document = {
        "python_cpu": time.process_time() - started,
        "peak": own.ru_maxrss / 1024,
        "peak_git": children.ru_maxrss / 1024,
        "overlapping": report.metrics.overlapping,
        "conflicting": report.metrics.conflicting,
        "blocked": sum(bool(branch.base_conflicts) for branch in report.branches),
        "waves": len(report.waves),
        "merged": [
            [tip_of[task] for task in pair.tasks] for pair in report.pairs if pair.settled_by == "merge"
        ],
    }
    print(json.dumps(document))


main(*sys.argv[1:4])
