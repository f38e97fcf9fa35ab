"""What is a conflict and what is not, on real repositories."""

from pathlib import Path

import pytest

from tests.conflicts.level import LINES, Level, edited, only_pair
from tests.support.repos import Content, executable, submodule, symlink

Files = dict[str, Content]


def test_the_same_lines_conflict_and_go_into_two_waves(tmp_path: Path) -> None:
    level = Level(tmp_path, {"src/main.rs": LINES})
    level.branch("1", {"src/main.rs": edited(5, by="one")})
    level.branch("2", {"src/main.rs": edited(5, by="two")})
    report = level.examine()
    pair = only_pair(report)
    assert (pair.tasks, pair.verdict, pair.clash) == (("1", "2"), "conflict", True)
    assert pair.overlap == pair.conflicted_paths == ("src/main.rs",)
    assert pair.kinds == ("contents",)
    assert report.waves == (("1",), ("2",))
    assert report.landing_order == ("1", "2")
    assert not report.one_wave()
    assert report.metrics.conflict_rate == 1.0


def test_distant_lines_of_one_file_are_clean_and_share_a_wave(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a.txt": LINES})
    level.branch("1", {"a.txt": edited(3)})
    level.branch("2", {"a.txt": edited(33)})
    report = level.examine()
    pair = only_pair(report)
    assert (pair.verdict, pair.overlap, pair.clash) == ("clean", ("a.txt",), False)
    assert report.waves == (("1", "2"),)
    assert report.one_wave()


def test_branches_that_share_no_path_are_no_pair(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES, "b": LINES})
    level.branch("1", {"a": "new\n"})
    level.branch("2", {"b": "new\n"})
    report = level.examine()
    assert report.pairs == ()
    assert (report.metrics.pairs, report.metrics.overlapping) == (1, 0)
    assert report.waves == (("1", "2"),)


CASES: dict[str, tuple[Files, Files, Files, str, tuple[str, ...]]] = {
    "a rename and a distant edit of the same file": (
        {"old.py": LINES},
        {"old.py": None, "new.py": LINES},
        {"old.py": edited(7)},
        "clean",
        ("old.py",),
    ),
    "two renames of one file": (
        {"old.py": LINES},
        {"old.py": None, "one.py": LINES},
        {"old.py": None, "two.py": LINES},
        "conflict",
        ("old.py",),
    ),
    "a moved directory and a new file in the old one": (
        {"lib/a.py": LINES, "lib/b.py": LINES + "b", "x": "x"},
        {"lib/a.py": None, "lib/b.py": None, "core/a.py": LINES, "core/b.py": LINES + "b"},
        {"lib/c.py": "new\n"},
        "conflict",
        ("lib/c.py",),
    ),
    "a new file where the other side has a new directory": (
        {"x": "x"},
        {"foo": "file\n"},
        {"foo/bar": "inside\n"},
        "conflict",
        ("foo", "foo/bar"),
    ),
    "a directory replaced by a file and a new file deeper in it": (
        {"d/s/a": "a\n", "x": "x"},
        {"d/s/a": None, "d": "file\n"},
        {"d/s/t/new": "new\n"},
        "conflict",
        ("d", "d/s/t/new"),
    ),
    "an edit and a deletion": ({"a": LINES}, {"a": edited(3)}, {"a": None}, "conflict", ("a",)),
    "a removed directory and a new file in it": (
        {"d/a": "a\n", "x": "x"},
        {"d/a": None},
        {"d/b": "b\n"},
        "clean",
        ("d/b",),
    ),
    "two new files of one name": ({"x": "x"}, {"n": "one\n"}, {"n": "two\n"}, "conflict", ("n",)),
    "the same new file twice": ({"x": "x"}, {"n": "one\n"}, {"n": "one\n"}, "clean", ("n",)),
    "a mode and an edit": (
        {"run": LINES},
        {"run": executable(LINES)},
        {"run": edited(9)},
        "clean",
        ("run",),
    ),
    "two targets of one symlink": (
        {"l": symlink("a")},
        {"l": symlink("b")},
        {"l": symlink("c")},
        "conflict",
        ("l",),
    ),
    "a file turned into a symlink and edited": (
        {"l": LINES},
        {"l": symlink("b")},
        {"l": edited(3)},
        "conflict",
        ("l",),
    ),
    "two commits of one submodule": (
        {"m": submodule("1" * 40)},
        {"m": submodule("2" * 40)},
        {"m": submodule("3" * 40)},
        "conflict",
        ("m",),
    ),
    "two edits of a binary file": (
        {"b": b"\0\1" * 50},
        {"b": b"\0\2" * 50},
        {"b": b"\0\3" * 50},
        "conflict",
        ("b",),
    ),
    "a path with a line feed": (
        {"a\nb": LINES},
        {"a\nb": edited(3, by="x")},
        {"a\nb": edited(3, by="y")},
        "conflict",
        ("a\nb",),
    ),
    "a path that is not UTF-8": (
        {"a\udcff": LINES},
        {"a\udcff": edited(3, by="x")},
        {"a\udcff": edited(3, by="y")},
        "conflict",
        ("a\udcff",),
    ),
    "a path that begins like a record of git's": (
        {":100644 x": LINES},
        {":100644 x": edited(3, by="x")},
        {":100644 x": edited(3, by="y")},
        "conflict",
        (":100644 x",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_on(case: str, tmp_path: Path) -> None:
    base, one, other, verdict, overlap = CASES[case]
    level = Level(tmp_path, base)
    level.branch("1", one)
    level.branch("2", other)
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.overlap) == (verdict, overlap)
    assert bool(pair.conflicted_paths) == (verdict == "conflict")
    assert not any("~" in path for path in pair.conflicted_paths)


def test_names_that_differ_only_in_case_clash_although_git_merges_them(tmp_path: Path) -> None:
    level = Level(tmp_path, {"x": "x"})
    level.branch("1", {"README": "one\n"})
    level.branch("2", {"readme": "two\n"})
    report = level.examine()
    pair = only_pair(report)
    assert (pair.verdict, pair.clash, pair.warnings) == ("clean", True, ("case-clash",))
    assert pair.overlap == pair.case_clashes == ("README", "readme")
    assert report.waves == (("1",), ("2",))


def test_names_that_differ_only_in_unicode_form_clash(tmp_path: Path) -> None:
    level = Level(tmp_path, {"x": "x"})
    level.branch("1", {"caf\u00e9.md": "one\n"})
    level.branch("2", {"cafe\u0301.md": "two\n"})
    assert only_pair(level.examine()).case_clashes == ("cafe\u0301.md", "caf\u00e9.md")


def test_a_file_and_a_directory_that_differ_only_in_case_clash(tmp_path: Path) -> None:
    level = Level(tmp_path, {"x": "x"})
    level.branch("1", {"Docs": "one\n"})
    level.branch("2", {"docs/index.md": "two\n"})
    assert only_pair(level.examine()).case_clashes == ("Docs", "docs/index.md")


def test_twins_that_the_base_already_has_are_nobodys_clash(tmp_path: Path) -> None:
    level = Level(tmp_path, {"README": LINES, "readme": LINES + "twin"})
    level.branch("1", {"README": edited(3)})
    level.branch("2", {"readme": edited(4)})
    assert level.examine().pairs == ()


def test_a_rename_in_case_only_and_an_edit_are_no_twins(tmp_path: Path) -> None:
    level = Level(tmp_path, {"README": LINES})
    level.branch("1", {"README": None, "Readme": LINES})
    level.branch("2", {"README": edited(8)})
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.case_clashes, pair.clash) == ("clean", (), False)


def test_a_file_that_the_base_has_renamed_since_is_found_under_both_names(tmp_path: Path) -> None:
    """By their merge bases the two branches share no path; on today's base they edit the same line."""
    level = Level(tmp_path, {"old.py": LINES})
    level.branch("1", {"old.py": edited(5, by="one")})
    level.repo.commit({"old.py": None, "new.py": LINES}, "rename")
    level.branch("2", {"new.py": edited(5, by="two")})
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.conflicted_paths) == ("conflict", ("new.py",))


@pytest.mark.parametrize(("same", "editor"), [("2", "1"), ("1", "2")])
def test_a_change_that_base_and_branch_both_made_conflicts_with_edits_of_it(
    same: str, editor: str, tmp_path: Path
) -> None:
    """Once the editor has landed, git sees two additions that differ; the other order would merge."""
    level = Level(tmp_path, {"a": LINES})
    level.branch(same, {"new": LINES, "b": "b\n"})
    level.repo.commit({"new": LINES}, "the same file")
    level.branch(editor, {"new": edited(5)})
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.conflicted_paths) == ("conflict", ("new",))


def test_what_the_base_did_meanwhile_is_not_blamed_on_two_branches(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES, "b": LINES})
    level.branch("1", {"a": edited(5, by="one")})
    level.repo.commit({"a": edited(5, by="base"), "b": edited(2)}, "the base moves")
    level.branch("2", {"b": edited(2, 30)})
    report = level.examine()
    assert report.pairs == ()
    assert [branch.base_conflicts for branch in report.branches] == [("a",), ()]
    assert report.waves == (("2",), ("1",))
    assert not report.one_wave()


def test_a_branch_stacked_on_another_is_judged_by_their_shared_history(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.branch("1", {"a": edited(5, by="one")})
    level.branch("2", {"a": edited(5, by="one and two")}, at="1")
    level.repo.commit({"b": "meanwhile\n"}, "the base moves")
    pair = only_pair(level.examine())
    assert (pair.verdict, pair.overlap) == ("clean", ("a",))


def test_shared_work_that_one_branch_took_back_still_conflicts_with_edits_of_it(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.branch("shared", {"a": edited(5, by="shared")})
    level.branch("1", {"a": LINES}, at="shared")
    level.branch("2", {"a": edited(5, by="shared and more")}, at="shared")
    assert only_pair(level.examine("1", "2")).verdict == "conflict"


def test_unrelated_histories_are_unknown_and_do_not_disturb_the_others(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    level.repo.commit({"a": "else\n"}, "another root", branch="0", orphan=True)
    level.branch("1", {"a": edited(5, by="one")})
    level.branch("2", {"a": edited(5, by="two")})
    report = level.examine()
    assert [branch.state for branch in report.branches] == ["unknown", "ready", "ready"]
    assert "no commit in common" in report.branches[0].reason
    assert only_pair(report).tasks == ("1", "2")
    assert not report.one_wave()


def test_criss_cross_merges_are_judged_on_their_real_history(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES, "b": LINES})
    level.branch("1", {"a": edited(3)})
    level.repo.commit({"b": edited(3)}, "the base moves")
    left, right = level.repo.tip("main"), level.repo.tip("1")
    level.repo.commit({"b": edited(3)}, "take the base", branch="1", merge=[left])
    level.repo.commit({"a": edited(3)}, "take the branch", branch="main", merge=[right])
    level.branch("1", {"a": edited(3, 20, by="one")})
    level.branch("2", {"a": edited(3, 20, by="two")})
    report = level.examine()
    assert [branch.state for branch in report.branches] == ["ready", "ready"]
    assert only_pair(report).verdict == "conflict"
