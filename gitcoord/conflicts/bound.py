"""How few waves a report's clashes allow: what is printed beside the waves that were found."""

from gitcoord.conflicts.model import ConflictReport
from gitcoord.planning.order import Candidate, arrange


def at_least(report: ConflictReport, most: int | None = None) -> int:
    """A number of waves with at most `most` members that no order of these branches can be below."""
    if not report.waves:
        return 0
    clashes = {frozenset(pair.tasks) for pair in report.pairs if pair.clash}
    blocked = {branch.task for branch in report.branches if branch.base_conflicts}
    ready = [task for wave in report.waves for task in wave]
    # What does not merge with the base yet comes after everything that does.
    both = ([task for task in ready if task not in blocked], [task for task in ready if task in blocked])
    bounds = [
        arrange([Candidate(id=task) for task in tasks], clashes, most=most).at_least
        for tasks in both
        if tasks
    ]
    return max(sum(bounds), 2 if report.joint else 1)
