"""What is told about a conflict and about an overlap that is none: lines, commits, kinds, nearness."""

from pathlib import Path

import pytest

from gitcoord.conflicts.model import PathConflict
from tests.conflicts.level import LINES, Level, edited, only_pair


def only_conflict(level: Level) -> PathConflict:
    [conflict] = only_pair(level.examine()).conflicts
    return conflict


def test_a_conflict_names_the_lines_of_the_base_and_the_commits_of_both_sides(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES, "b": "b\n"})
    first = level.branch("1", {"a": edited(5, 6, by="one")})
    level.branch("1", {"b": "else\n"})
    second = level.branch("2", {"a": edited(6, 30, by="two")})
    conflict = only_conflict(level)
    assert (conflict.path, conflict.kind) == ("a", "content")
    assert [side.task for side in conflict.sides] == ["1", "2"]
    assert [side.lines for side in conflict.sides] == [((5, 6),), ((6, 6),)]
    assert [side.commits for side in conflict.sides] == [(first,), (second,)]


def test_lines_are_those_of_todays_base(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.branch("1", {"a": edited(30, by="one")})
    level.repo.commit({"a": "first\n" + LINES}, "the base grows at the top")
    level.branch("2", {"a": "first\n" + edited(30, by="two")})
    assert [side.lines for side in only_conflict(level).sides] == [((31, 31),), ((31, 31),)]


def test_a_rename_against_an_edit_tells_both_sides_lines_under_the_old_name(tmp_path: Path) -> None:
    level = Level(tmp_path, {"old.py": LINES, "other.py": LINES + "other\n"})
    first = level.branch("1", {"old.py": None, "new.py": edited(7, by="one")})
    second = level.branch("2", {"old.py": edited(7, by="two"), "other.py": edited(3) + "other\n"})
    conflict = only_conflict(level)
    assert (conflict.path, conflict.kind) == ("new.py", "content")
    assert [side.path for side in conflict.sides] == ["old.py", "old.py"]
    assert [side.lines for side in conflict.sides] == [((7, 7),), ((7, 7),)]
    assert [side.commits for side in conflict.sides] == [(first,), (second,)]


def test_a_file_against_a_directory_names_the_commits_of_both_sides(tmp_path: Path) -> None:
    level = Level(tmp_path, {"x": "x\n"})
    tips = [level.branch("1", {"foo": "file\n"}), level.branch("2", {"foo/bar": "inside\n"})]
    conflict = only_conflict(level)
    assert [(side.path, side.commits) for side in conflict.sides] == [
        ("", (tips[0],)),
        ("foo/bar", (tips[1],)),
    ]


def test_new_files_of_one_name_are_an_add_add_conflict(tmp_path: Path) -> None:
    level = Level(tmp_path, {"x": "x"})
    level.branch("1", {"n": "one\n"})
    level.branch("2", {"n": "two\n"})
    assert only_conflict(level).kind == "add/add"


@pytest.mark.parametrize(("lines", "grade"), [((10,), "adjacent"), ((12,), "adjacent"), ((30,), "same file")])
def test_an_overlap_that_merges_is_graded(lines: tuple[int, ...], grade: str, tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES.replace("line", "  line")})
    level.branch("1", {"a": edited(8).replace("line", "  line")})
    level.branch("2", {"a": edited(*lines).replace("line", "  line")})
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.grade, pair.settled_by) == ("clean", grade, "lines")


def test_edits_of_one_function_share_its_symbol(tmp_path: Path) -> None:
    body = "".join(f"    step_{number}()\n" for number in range(30))
    level = Level(tmp_path, {"a.py": f"def build():\n{body}def other():\n{body}"})
    first = f"def build():\n{body.replace('step_5()', 'five()')}def other():\n{body}"
    second = f"def build():\n{body.replace('step_20()', 'twenty()')}def other():\n{body}"
    level.branch("1", {"a.py": first})
    level.branch("2", {"a.py": second})
    pair = only_pair(level.examine())
    assert (pair.grade, pair.symbols) == ("same symbol", ("def build():",))


def test_an_order_that_fails_alone_is_told(tmp_path: Path) -> None:
    """Base and 2 added the same file; once 1 has edited it, 2 no longer merges, but not the other way."""
    level = Level(tmp_path, {"a": LINES})
    level.branch("2", {"new": LINES, "b": "b\n"})
    level.repo.commit({"new": LINES}, "the same file")
    level.branch("1", {"new": edited(5)})
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.fails_after) == ("conflict", ("1",))


def test_a_union_driver_is_not_judged_by_lines(tmp_path: Path) -> None:
    level = Level(tmp_path, {"log": LINES}, bare=False)
    (level.repo.path / ".git/info/attributes").write_text("log merge=union\n")
    level.branch("1", {"log": edited(5, by="one")})
    level.branch("2", {"log": edited(5, by="two")})
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.settled_by) == ("clean", "merge")
