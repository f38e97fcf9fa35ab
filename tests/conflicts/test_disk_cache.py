"""Remembering what was found out: the same answers, whatever became of the file."""

import shutil
import threading
from pathlib import Path

import pytest

from gitcoord.conflicts.disk_cache import Cache
from gitcoord.conflicts.model import ConflictReport
from tests.conflicts.level import LINES, Level, edited


def busy_level(tmp_path: Path) -> Level:
    level = Level(tmp_path, {"a": LINES, "b": LINES, "d/x": "x\n"})
    level.branch("1", {"a": edited(5, by="one"), "b": edited(2)})
    level.branch("2", {"b": edited(2), "c": "c\n"})
    level.repo.commit({"b": edited(30)}, "the base moves")
    level.branch("3", {"a": edited(5, by="three")})
    level.branch("4", {"b": None})
    level.branch("5", {"b": edited(20)})
    return level


def file_of(level: Level) -> Path:
    [file] = (level.repo.path / "gitcoord" / "conflicts").iterdir()
    return file


def fresh(level: Level) -> ConflictReport:
    shutil.rmtree(level.repo.path / "gitcoord", ignore_errors=True)
    return level.examine()


def test_a_warm_check_says_what_a_cold_one_says(tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    cold = level.examine()
    assert file_of(level).exists()
    assert level.examine() == cold


def test_a_branch_that_moved_is_judged_anew_among_remembered_ones(tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    level.examine()
    level.branch("2", {"b": edited(2, 20, by="two")})
    warm = level.examine()
    assert warm == fresh(level)


def test_a_branch_that_moved_meets_remembered_ones_above_and_below_its_paths(tmp_path: Path) -> None:
    level = Level(tmp_path, {"x": "x\n"})
    level.branch("1", {"foo/bar": "inside\n"})
    level.branch("2", {"up": "file\n"})
    level.branch("3", {"y": "y\n"})
    level.examine()
    level.branch("3", {"foo": "file\n", "up/deep": "inside\n"})
    found = [(pair.tasks, pair.verdict) for pair in level.examine().pairs]
    assert found == [(("1", "3"), "conflict"), (("2", "3"), "conflict")]


def test_branches_that_come_and_go_and_other_rules_change_nothing_else(tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    level.examine("1", "3", "5")
    assert level.examine() == fresh(level)
    some = level.examine("2", "4", "5")
    assert some == (fresh(level), level.examine("2", "4", "5"))[1]
    level.examine()
    by_overlap = level.examine(serialize_on="overlap", ignore=["c"])
    shutil.rmtree(level.repo.path / "gitcoord")
    assert by_overlap == level.examine(serialize_on="overlap", ignore=["c"])


def test_names_that_cannot_be_written_down_do_not_cost_the_others_their_memory(tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    level.branch("6", {"b": edited(9), "\udcff": "x\n"})
    cold = level.examine()
    assert level.examine() == cold
    assert b"4" in file_of(level).read_bytes()


def test_a_moved_base_is_not_answered_from_what_was_before(tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    level.examine()
    level.repo.commit({"a": edited(5, by="base")}, "the base moves again")
    warm = level.examine()
    assert warm == fresh(level)


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100])
def test_a_broken_cache_is_thrown_away(damage: bytes, tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    cold = level.examine()
    file_of(level).write_bytes(damage)
    assert level.examine() == cold
    assert level.examine() == cold


def test_a_damaged_answer_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "scope")
    assert cache.write("name", ("one", "two"))
    assert cache.read("name", tuple[str, ...]) == ("one", "two")
    assert Cache(tmp_path, "other").read("name", tuple[str, ...]) is None
    [file] = (tmp_path / "gitcoord" / "conflicts").iterdir()
    file.write_bytes(file.read_bytes().replace(b"two", b"six"))
    assert cache.read("name", tuple[str, ...]) is None


def test_old_answers_make_room_for_new_ones(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for number in range(40):
        cache.write(str(number), "x" * number)
    kept = [number for number in range(40) if cache.read(str(number), str) is not None]
    assert kept == list(range(8, 40))
    for number in range(5):
        cache.write(f"large {number}", "x" * 20_000_000)
    folder = tmp_path / "gitcoord" / "conflicts"
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 64 * 1024 * 1024
    assert cache.read("large 4", str) is not None


def test_a_place_where_nothing_can_be_written_only_forgets(tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    # A file in the directory's place refuses root as well, whom no mode keeps out.
    (level.repo.path / "gitcoord").write_text("in the way")
    assert level.examine() == level.examine()


def test_attributes_are_part_of_the_question(tmp_path: Path) -> None:
    level = Level(tmp_path, {"log": LINES})
    level.branch("1", {"log": edited(5, by="one")})
    level.branch("2", {"log": edited(5, by="two")})
    assert level.examine().pairs[0].verdict == "conflict"
    (level.repo.path / "info").mkdir(exist_ok=True)
    (level.repo.path / "info" / "attributes").write_text("log merge=union\n")
    assert level.examine().pairs[0].verdict == "clean"


def test_many_at_once_may_use_it(tmp_path: Path) -> None:
    level = busy_level(tmp_path)
    reports: list[ConflictReport] = []
    threads = [threading.Thread(target=lambda: reports.append(level.examine())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 6
    assert all(report == reports[0] for report in reports)
