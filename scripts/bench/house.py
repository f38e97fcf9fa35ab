"""Measures the shape of the code; see `scripts/bench/house`."""

import argparse
import ast
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from startup import ENVIRONMENT, make_project

PACKAGE = Path(__file__).parents[2] / "gitcoord"
COMMANDS = ("plan --dry-run", "check-conflicts level-0", "merge-level level-0 --check true")
# Runs a command in-process and prints the files of the package in which a function was called.
_ENTERED = """
import sys
seen = set()
sys.setprofile(lambda frame, event, argument: seen.add(frame.f_code) if event == "call" else None)
from gitcoord.cli.main import run
try:
    run()
except SystemExit:
    pass
sys.setprofile(None)
called = {code.co_filename for code in seen if code.co_name != "<module>"}
print(sum(sys.argv[0] in name for name in called), file=sys.__stderr__)
"""


def spread(numbers: Sequence[int]) -> str:
    """Median, 95th percentile and maximum."""
    at = statistics.quantiles(numbers, n=20)[-1]
    return f"median {statistics.median(numbers):.0f}, 95 % {at:.0f}, most {max(numbers)}"


def entered(command: str, place: Path) -> str:
    """The number of files of the package that a command enters; those of its subprocesses are left out."""
    program = _ENTERED.replace("sys.argv[0]", repr(str(PACKAGE)))
    ended = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=place,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
    )
    return ended.stderr.splitlines()[-1]


def hand_in(place: Path) -> None:
    """Lets task 1 of the project be done by hand."""
    bin = Path(sys.executable).parent
    for line in (
        f"{bin}/gitcoord checkout 1",
        "git commit --allow-empty -m work",
        f"{bin}/gitcoord submit 1 --allow-empty",
        "git checkout main",
    ):
        subprocess.run(
            line.split(), cwd=place, env={**os.environ, **ENVIRONMENT}, capture_output=True, check=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    trees = {path: ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    lines = [len(path.read_text().splitlines()) for path in trees]
    functions = [
        (node.end_lineno or 0) - node.body[0].lineno + 1
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    names = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef))
    arrows = [
        len(
            {
                n.module
                for n in ast.walk(tree)
                if isinstance(n, ast.ImportFrom) and "gitcoord" in str(n.module)
            }
        )
        for tree in trees.values()
    ]
    found: dict[str, object] = {
        "modules": len(trees),
        "lines": sum(lines),
        "lines of a module": spread(lines),
        "lines of a function": spread(functions),
        "class names used twice": sum(count > 1 for count in names.values()),
        "modules that a module imports": f"mean {statistics.mean(arrows):.1f}, most {max(arrows)}",
    }
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        project = make_project(Path(scratch, "project"), planned=True)
        hand_in(project)
        for command in COMMANDS:
            found[f"files entered by {command}"] = entered(command, project)
    print(json.dumps(found, indent=2) if options.json else "\n".join(f"{k}: {v}" for k, v in found.items()))


if __name__ == "__main__":
    main()
