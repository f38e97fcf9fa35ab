"""Measures what `gitcoord plan` costs on made-up task lists; see `scripts/bench/planning`.

The floor is a Python process that reads the JSON and makes one topological pass. Both are processes of their
own, started in turns, so that a loaded machine slows them alike; the ratio is the median over the rounds.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import cost_of

FLOOR = """
import json, sys
tasks = json.load(open(sys.argv[1]))["master"]["tasks"]
needs = {str(task["id"]): [str(need) for need in task["dependencies"]] for task in tasks}
feeds, missing = {}, {id: len(wanted) for id, wanted in needs.items()}
for id, wanted in needs.items():
    for need in wanted:
        feeds.setdefault(need, []).append(id)
level, order = {}, [id for id, count in missing.items() if not count]
for id in order:
    level.setdefault(id, 0)
    for fed in feeds.get(id, ()):
        level[fed] = max(level.get(fed, 0), level[id] + 1)
        missing[fed] -= 1
        if not missing[fed]:
            order.append(fed)
print(len(order))
"""


def make_list(count: int, *, wide: bool) -> dict[str, Any]:
    """A list in which all need the first task, or each needs up to two of the two hundred before it."""
    dice = random.Random(1)
    tasks = []
    for id in range(1, count + 1):
        before = range(max(1, id - 200), id)
        some = sorted(dice.sample(before, min(len(before), dice.choice([0, 1, 1, 2]))))
        tasks.append(
            {
                "id": id,
                "title": f"Task number {id} of the list",
                "description": "A sentence that says what is to be done here. " * 2,
                "details": "Some more details about how. " * 10,
                "testStrategy": "Run the tests.",
                "status": "pending",
                "priority": dice.choice(["high", "medium", "low"]),
                "dependencies": ([1] if id > 1 else []) if wide else some,
                "subtasks": [],
            }
        )
    return {"master": {"tasks": tasks, "metadata": {}}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="*", default=[5907, 10_000, 100_000], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print("   tasks  shape  floor s   plan s  times  peak MB")
    for count in asked.tasks:
        for wide in (True, False):
            with tempfile.TemporaryDirectory() as made:
                place = Path(made)
                path = place / "tasks.json"
                path.write_text(json.dumps(make_list(count, wide=wide)))
                plan = [sys.executable, "-m", "gitcoord", "plan", "--tasks", str(path), "--json"]
                costs = [
                    (cost_of([sys.executable, "-c", FLOOR, str(path)], place), cost_of(plan, place))
                    for _ in range(asked.rounds)
                ]
            floor = statistics.median(one.cpu for one, _ in costs)
            cpu = statistics.median(other.cpu for _, other in costs)
            times = statistics.median(other.cpu / one.cpu for one, other in costs)
            peak = max(other.peak for _, other in costs)
            shape = "wide" if wide else "mixed"
            print(f"{count:8}  {shape:5}  {floor:7.2f}  {cpu:7.2f}  {times:5.1f}  {peak:7.0f}")


if __name__ == "__main__":
    main()
