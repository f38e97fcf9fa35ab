"""Foresight on a generated history: how good it is, what it must not know, and what it is no better than."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from gitcoord.foresight.accuracy import precision_over, recall_at, roc_area
from gitcoord.foresight.file_chances import likely_first
from gitcoord.foresight.foresee import open_foresight
from gitcoord.foresight.mining import HistoryReader
from gitcoord.foresight.replay import PlanPoint, past_tasks, replay
from gitcoord.git.git_cli import Git
from tests.foresight.synthetic import make_history

_CHANGES, _EVERY, _POINTS = 400, 20, 8


class Measured(msgspec.Struct, frozen=True):
    """What came of a replay. `foretold` is everything that was said, for comparison."""

    recall: float
    precision: float
    share: float
    share_by_words: float
    foretold: list[object]


def replayed(git: Git, cache: Path | None, points: int = _POINTS) -> list[PlanPoint]:
    tasks = past_tasks(HistoryReader(git), git.text("rev-parse", "main"), _CHANGES)
    return list(replay(HistoryReader(git), tasks, points=points, every=_EVERY, common_dir=cache))


def measure(points: Sequence[PlanPoint]) -> Measured:
    recall: list[float] = []
    precision: list[float] = []
    pairs: list[tuple[float, float, bool]] = []
    foretold: list[object] = []
    for point in points:
        known = point.foresight
        for task in point.tasks:
            ranked = likely_first(known.chances(task.text()).items())
            real = task.paths & set(known.paths)
            recall.append(recall_at([path for path, _ in ranked], real, 10))
            precision.append(precision_over([path for path, _ in ranked], real))
            foretold.append(ranked)
        paths = {task.commit: task.paths - known.hot.keys() for task in point.tasks}
        for one, other, chances in known.pairs(task.text() for task in point.tasks):
            shared = not paths[one.id].isdisjoint(paths[other.id])
            pairs.append((chances.share, chances.words_alike, shared))
            foretold.append(chances)
    shares, words, real_shares = zip(*pairs, strict=True)
    return Measured(
        sum(recall) / len(recall),
        sum(precision) / len(precision),
        roc_area(shares, real_shares),
        roc_area(words, real_shares),
        foretold,
    )


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Git:
    return Git(make_history(tmp_path_factory.mktemp("history") / "repo", changes=_CHANGES).path)


@pytest.fixture(scope="module")
def measured(history: Git, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measure(replayed(history, tmp_path_factory.mktemp("cache")))


def test_it_is_as_good_as_it_was(measured: Measured) -> None:
    assert measured.recall >= 0.90
    assert measured.precision >= 0.68
    assert measured.share >= 0.93
    assert measured.share >= measured.share_by_words + 0.03


def test_where_words_say_nothing_it_knows_no_more_than_what_is_popular(tmp_path: Path) -> None:
    git = Git(make_history(tmp_path, changes=_CHANGES, shuffled=True).path)
    points = replayed(git, None)
    found = measure(points)
    assert found.recall <= popularity(git, points) + 0.03
    assert abs(found.share - 0.5) <= 0.05


def popularity(git: Git, points: Sequence[PlanPoint]) -> float:
    """The recall of always naming the ten files that were changed most."""
    tasks = past_tasks(HistoryReader(git), git.text("rev-parse", "main"), _CHANGES)
    begin = len(tasks) - _EVERY * len(points)
    found = []
    for number, point in enumerate(points):
        counts = Counter(path for task in tasks[: begin + number * _EVERY] for path in task.paths)
        ranked = [path for path, _ in counts.most_common(10)]
        found += [recall_at(ranked, task.paths & set(point.foresight.paths), 10) for task in point.tasks]
    return sum(found) / len(found)


def test_what_comes_later_changes_nothing(history: Git, measured: Measured, tmp_path: Path) -> None:
    # The index of the whole history, and a repository that ends where the plan was made.
    earlier = Git(make_history(tmp_path / "earlier", changes=_CHANGES - _EVERY).path)
    commit = earlier.text("rev-parse", "main")
    assert open_foresight(HistoryReader(history), tmp_path, history.text("rev-parse", "main"))
    (last,) = replayed(history, tmp_path, points=1)
    assert last.tasks[0].parent == commit
    known = open_foresight(HistoryReader(earlier), None, commit)
    assert known is not None
    expected = [known.chances(task.text()) for task in last.tasks]
    assert [last.foresight.chances(task.text()) for task in last.tasks] == expected
    assert likely_first(expected[0].items()) in measured.foretold


def test_it_says_the_same_whatever_order_python_keeps_sets_in(history: Git) -> None:
    (last,) = replayed(history, None, points=1)
    task, other = last.tasks[0], f"{last.tasks[1].body} {last.tasks[0].body} `a_b` `c_d`"
    program = (
        "import sys; from pathlib import Path; from gitcoord.git.git_cli import Git;"
        "from gitcoord.foresight.foresee import open_foresight;"
        "from gitcoord.foresight.mining import HistoryReader;"
        "from gitcoord.foresight.model import TaskText;"
        "place, commit, title, body, other = sys.argv[1:];"
        "known = open_foresight(HistoryReader(Git(Path(place))), None, commit);"
        "one, two = (TaskText(id=text, title=text, body=body) for text in (title, other));"
        "print([sorted(known.chances(one).items()), known.pair(one, two)])"
    )
    told = {
        subprocess.run(
            [
                sys.executable,
                "-c",
                program,
                history.directory,
                task.parent,
                task.title,
                task.body,
                other,
            ],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert b"src/" in told.pop()
