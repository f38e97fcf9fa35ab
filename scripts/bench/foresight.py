"""Measures foresight on real histories: files, pairs, what is gained by keeping likely conflicts apart.

Each of the newest plan points is a run of changes that are foretold as tasks, by their words alone, from the
commits before them. All baselines are of the same run. Files that do not exist yet at the plan point are
counted apart; pairs include changes of any size; files that nearly every change touches are counted with and
without. The constants of files and pairs are those fitted without the repository that is measured, where it
is one of the five.
"""

import argparse
import json
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import msgspec
from foresight_rework import FileRow, PairRow, Point, rework

from gitcoord.foresight.accuracy import (
    average_precision,
    brier_skill,
    calibration_error,
    precision_over,
    recall_at,
    reliability,
    roc_area,
)
from gitcoord.foresight.constants import Constants, LogisticModel, PairModels, shipped_constants
from gitcoord.foresight.file_chances import likely_first
from gitcoord.foresight.mining import HistoryReader
from gitcoord.foresight.model import TaskText
from gitcoord.foresight.past_conflicts import past_conflicts
from gitcoord.foresight.replay import PastTask, PlanPoint, past_tasks, replay
from gitcoord.foresight.words import without_paths
from gitcoord.git.git_cli import Git
from gitcoord.tasks.model import TaskId

HELD_OUT = Path(__file__).with_name("foresight_constants.json")
LARGEST = 50


def main() -> None:
    options = _options()
    found = {}
    for place in options.repositories:
        began = time.time()
        points = measured(place, options)
        name = next((one for one in _held_out() if one in str(place)), place.name)
        found[name] = summary(points, options)
        show(name, found[name], points, time.time() - began)
        if options.save:
            Path(options.save).write_text(json.dumps(found, indent=1))
    if len(found) > 1:
        keys = next(iter(found.values())).keys()
        mean = {key: sum(one[key] for one in found.values()) / len(found) for key in keys}
        print(f"\nmean of {len(found)} repositories")
        table(mean)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPO", help="a clone, bare or not")
    parser.add_argument("--k", type=int, default=20, help="tasks of a plan point")
    parser.add_argument("--plan-points", type=int, default=30)
    parser.add_argument("--history", type=int, default=3000, help="changes that are learned from")
    parser.add_argument("--text", choices=("title", "nopath", "raw"), default="nopath")
    parser.add_argument("--no-conflicts", action="store_true", help="no merges: files and shares alone")
    parser.add_argument("--revision", default="HEAD")
    parser.add_argument("--save", help="write the figures into this file, as JSON")
    return parser.parse_args()


class HeldOut(msgspec.Struct, frozen=True):
    """The models that were fitted without one of the five repositories."""

    files: LogisticModel
    pairs: PairModels


def _held_out() -> dict[str, HeldOut]:
    return msgspec.json.decode(HELD_OUT.read_bytes(), type=dict[str, HeldOut])


def _constants(place: Path) -> Constants:
    """The constants that know nothing of the repository at `place`."""
    for name, models in _held_out().items():
        if name in str(place):
            return msgspec.structs.replace(shipped_constants(), files=models.files, pairs=models.pairs)
    return shipped_constants()


def _text(task: PastTask, kind: str) -> TaskText:
    title, body = (task.title, "" if kind == "title" else task.body)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.S)
    body = re.sub(r"(?im)^(co-authored-by|signed-off-by|reviewed-by|acked-by|tested-by)[: ].*$", "", body)
    title, body = (re.sub(r"\(?#\d+\)?|https?://\S+", "", one) for one in (title, body[:4000]))
    if kind != "raw":
        title, body = without_paths(title), without_paths(body)
    return TaskText(id=TaskId(task.commit), title=title, body=body)


def measured(place: Path, options: argparse.Namespace) -> list[Point]:
    git = Git(place)
    reader = HistoryReader(git)
    commit = git.text("rev-parse", options.revision)
    tasks = past_tasks(reader, commit, options.history)
    with tempfile.TemporaryDirectory(prefix="gitcoord-bench-") as cache:
        wanted = replay(
            reader,
            tasks,
            points=options.plan_points,
            every=options.k,
            common_dir=Path(cache),
            constants=_constants(place),
            most=options.history,
        )
        found = []
        for point in wanted:
            found.append(_point(git, point, tasks, options))
            print(f"\r{place.name}: {len(found)} of {options.plan_points}", end="", file=sys.stderr)
        print(file=sys.stderr)
    return found


def _point(git: Git, point: PlanPoint, tasks: Sequence[PastTask], options: argparse.Namespace) -> Point:
    known, texts = point.foresight, [_text(task, options.text) for task in point.tasks]
    exist = set(known.paths)
    ranked = [[path for path, _ in likely_first(known.chances(text).items())] for text in texts]
    popular = known.popular_paths
    files = []
    for task, text, ranking in zip(point.tasks, texts, ranked, strict=True):
        real = task.paths & exist
        if not real or len(task.paths) > LARGEST:
            continue
        by = {"foresight": ranking, "popular": popular, "similar": known.similar_paths(text)}
        files.append(
            FileRow(
                {
                    name: (recall_at(one, real, 5), recall_at(one, real, 10), recall_at(one, real, 20))
                    for name, one in by.items()
                },
                {name: precision_over(one, real) for name, one in by.items()},
                (not real.isdisjoint(ranking[:1]), *(not real.isdisjoint(ranking[:n]) for n in (5, 10))),
                sum(known.chances(text).values()),
                len(real),
            )
        )
    conflicts = {} if options.no_conflicts else past_conflicts(git, point.tasks)
    dice = random.Random(len(tasks))
    pairs = {}
    for (one, left, a), (other, right, b) in combinations(zip(point.tasks, texts, ranked, strict=True), 2):
        chances = known.pair(left, right)
        top, below = set(a[:5]), set(b[:5])
        overlap = len(top & below) / max(1, len(top | below))
        told = conflicts.get((one.commit, other.commit))
        shared = (one.paths & other.paths) - known.hot.keys()
        real = False if told is None else told.conflict
        cool = real if told is None or not real else not (told.paths <= known.hot.keys())
        pairs[one.commit, other.commit] = PairRow(
            {
                "foresight": chances.conflict,
                "share": chances.share,
                "tf-idf": chances.words_alike,
                "overlap": 0.7 * overlap + 0.3 * float(overlap > 0),
                "binary": float(overlap > 0),
                "random": dice.random(),
            },
            bool(one.paths & other.paths),
            bool(shared),
            real,
            cool,
        )
    new = [(len(task.paths - exist), len(task.paths)) for task in point.tasks if len(task.paths) <= LARGEST]
    unseen = (sum(count for count, _ in new), sum(count for _, count in new))
    return Point([task.commit for task in point.tasks], files, pairs, unseen)


def summary(points: Sequence[Point], options: argparse.Namespace) -> dict[str, float]:
    files = [row for point in points for row in point.files]
    pairs = [row for point in points for row in point.pairs.values()]
    judged = [row for row in pairs if row.conflict is not None]

    def mean(of: Callable[[FileRow], float]) -> float:
        return sum(map(of, files)) / len(files)

    out = {}
    for name in ("foresight", "similar", "popular"):
        for place, most in enumerate((5, 10, 20)):
            out[f"files R@{most} {name}"] = mean(lambda row: row.recall[name][place])  # noqa: B023
        out[f"files MAP {name}"] = mean(lambda row: row.precision[name])  # noqa: B023
    for place, most in enumerate((1, 5, 10)):
        out[f"files hit@{most}"] = mean(lambda row: row.hits[place])  # noqa: B023
    out["files expected / real"] = mean(lambda row: row.expected) / mean(lambda row: row.real)
    out["files that do not exist yet"] = sum(p.unseen[0] for p in points) / sum(p.unseen[1] for p in points)
    kinds: list[tuple[str, list[PairRow], Callable[[PairRow], bool]]] = [
        ("share", pairs, lambda row: row.share),
        ("share, no hot file", pairs, lambda row: row.share_not_hot),
    ]
    if not options.no_conflicts:
        kinds += [
            ("conflict", judged, lambda row: bool(row.conflict)),
            ("conflict, no hot file", judged, lambda row: bool(row.conflict_not_hot)),
        ]
    for kind, rows, is_true in kinds:
        truth = [is_true(row) for row in rows]
        own = "share" if kind.startswith("share") else "foresight"
        out[f"{kind} base"] = sum(truth) / len(truth)
        for name in (own, "tf-idf", "overlap", "binary", "random"):
            scores = [row.scores[name] for row in rows]
            shown = "foresight" if name == own else name
            out[f"{kind} AUC {shown}"] = roc_area(scores, truth)
            out[f"{kind} AP {shown}"] = average_precision(scores, truth)
        scores = [row.scores[own] for row in rows]
        out[f"{kind} ECE"] = calibration_error(scores, truth)
        out[f"{kind} Brier skill"] = brier_skill(scores, truth)
    if not options.no_conflicts:
        out |= rework(points)
    return out


def show(name: str, found: dict[str, float], points: Sequence[Point], seconds: float) -> None:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in usage)
    tasks = sum(len(point.tasks) for point in points)
    print(f"\n{name}: {len(points)} plan points, {tasks} tasks; {seconds:.0f} s, {cpu:.0f} s of CPU so far")
    table(found)
    for key, low, high in intervals(points):
        print(f"  95 % of resampled plan points: {key} {low:.3f} to {high:.3f}")
    rows = [row for point in points for row in point.pairs.values() if row.conflict is not None]
    print("  foretold conflicts, and what was found")
    for row in reliability([one.scores["foresight"] for one in rows], [bool(one.conflict) for one in rows]):
        print(
            f"    {row.least:4.2f} to {row.most:4.2f}: {row.count:6} pairs, "
            f"{row.predicted:.3f} foretold, {row.observed:.3f} found"
        )


def intervals(points: Sequence[Point], draws: int = 200) -> list[tuple[str, float, float]]:
    """Bootstrap intervals over plan points, which are what is independent of each other."""
    dice = random.Random(1)
    kinds: list[tuple[str, Callable[[Sequence[Point]], float]]] = [
        ("files R@10", lambda some: _mean([row.recall["foresight"][1] for one in some for row in one.files])),
        ("share AUC", lambda some: _area(some, "share", lambda row: row.share)),
        ("conflict AUC", lambda some: _area(some, "foresight", lambda row: bool(row.conflict))),
    ]
    out = []
    for name, of in kinds:
        found = sorted(of(dice.choices(points, k=len(points))) for _ in range(draws))
        out.append((name, found[draws // 40], found[-1 - draws // 40]))
    return out


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def _area(points: Sequence[Point], name: str, is_true: Callable[[PairRow], bool]) -> float:
    rows = [row for point in points for row in point.pairs.values()]
    return roc_area([row.scores[name] for row in rows], [is_true(row) for row in rows])


def table(found: dict[str, float]) -> None:
    for key, value in found.items():
        print(f"  {key:48} {value:8.4f}")


if __name__ == "__main__":
    main()
