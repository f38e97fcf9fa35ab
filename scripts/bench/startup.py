"""Measures what short commands of a list of two tasks cost; see `scripts/bench/startup`.

In each round everything runs once, one after another, so that a loaded machine slows all of them alike; the
ratios are medians of those of each round. The time of git's processes is included. Bytecode is cached.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from measure import Cost, cost_of

BIN = Path(sys.executable).parent
NOTHING = "python -c pass"
_QUIET = "import gc; gc.set_threshold(100_000); import {}; gc.freeze()"
LIBRARIES = {
    "typer alone": "typer.main",
    "typer, msgspec": "typer.main, msgspec",
    "typer, msgspec, rich's tables": "typer.main, msgspec, rich.console, rich.table",
}
COMMANDS = (
    "--version",
    "--help",
    "check-file README.md",
    "log",
    "next",
    "status --json",
    "status",
    "plan --dry-run",
)
_WHO = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
ENVIRONMENT = {"GIT_CONFIG_GLOBAL": "/dev/null", **dict.fromkeys(_WHO, "bench@localhost")}


def make_project(place: Path, *, planned: bool) -> Path:
    """A repository with a list of two tasks, the second of which needs the first."""
    tasks = [{"id": n, "title": f"Task {n}", "dependencies": list(range(1, n))} for n in (1, 2)]
    (place / "tasks").mkdir(parents=True)
    (place / "README.md").write_text("a project\n")
    (place / "tasks/tasks.json").write_text(json.dumps({"master": {"tasks": tasks, "metadata": {}}}))
    for command in (["init", "--initial-branch=main"], ["add", "--all"], ["commit", "--message", "the base"]):
        cost_of(["git", *command], place, env=ENVIRONMENT)
    if planned:
        cost_of([str(BIN / "gitcoord"), "plan"], place, env=ENVIRONMENT)
    return place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    programs = {name: [sys.executable, "-c", _QUIET.format(what)] for name, what in LIBRARIES.items()}
    programs |= {name: [str(BIN / "gitcoord"), *name.split()] for name in COMMANDS}
    costs: dict[str, list[Cost]] = {name: [] for name in (NOTHING, *programs)}
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as scratch:
        planned = make_project(Path(scratch, "planned"), planned=True)
        fresh = make_project(Path(scratch, "fresh"), planned=False)
        for _ in range(options.rounds):
            costs[NOTHING].append(cost_of([sys.executable, "-c", "pass"], planned))
            for name, argv in programs.items():
                # Without a plan it ends with 2, which is what is measured.
                place, ok = (fresh, (2,)) if name.startswith("check-file") else (planned, (0,))
                costs[name].append(cost_of(argv, place, env=ENVIRONMENT, ok=ok))
    print(f"{options.rounds} rounds; CPU time of the command and all that it starts\n")
    print(f"{'':32} {'CPU ms':>8} {'x ' + NOTHING:>18}")
    for name, measured in costs.items():
        ratio = statistics.median(a.cpu / b.cpu for a, b in zip(measured, costs[NOTHING], strict=True))
        cpu = statistics.median(one.cpu for one in measured) * 1000
        shown = f"gitcoord {name}" if name in COMMANDS else name
        print(f"{shown:32} {cpu:8.1f} {ratio:18.2f}")


if __name__ == "__main__":
    main()
