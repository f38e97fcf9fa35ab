"""The index under the git directory: kept, shared, grown, and made anew where it is of no use."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from gitcoord.foresight.foresee import Foresight, open_foresight
from gitcoord.foresight.mining import HistoryReader
from gitcoord.foresight.model import TaskText
from gitcoord.foresight.store import Kind, open_store
from gitcoord.git.git_cli import Git
from gitcoord.tasks.model import TaskId
from tests.support.repos import Content, Repo, symlink

TASK = TaskText(id=TaskId("1"), title="Teach the parser about numbers", body="`parse_number` in parser")
FILES: dict[str, Content] = {
    "src/parser.py": "def parse_number(text):\n    return int(text)\n",
    "src/printer.py": "def print_number(number):\n    print(number)\n",
    "src/parser": symlink("parser.py"),
    "logo.png": b"\x89PNG",
    "data": b"\0\0parse_number",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo", bare=True)
    repo.commit(FILES, "Begin the parser")
    for number in range(3):
        repo.commit(
            {"src/parser.py": f"def parse_number(text):\n    return {number}\n"}, f"Parse {number}\n\nwell"
        )
    return repo


def look(repo: Repo) -> Foresight:
    found = open_foresight(HistoryReader(Git(repo.path)), repo.path, repo.tip("main"))
    assert found is not None
    return found


def contents(repo: Repo) -> int:
    return len(open_store(repo.path).documents(Kind.CONTENT))


def test_it_grows_by_what_is_new_and_keeps_what_others_indexed(repo: Repo) -> None:
    # An index of less history comes first.
    open_foresight(HistoryReader(Git(repo.path)), repo.path, repo.tip("main"), most=2)
    store = open_store(repo.path)
    assert len(store.documents(Kind.CHANGE)) == 2
    assert store.path is not None
    file = store.path.stat().st_ino
    before = look(repo)
    assert store.path.stat().st_ino == file  # it was not begun anew
    assert before.change_count == 4
    assert before.likely_files(TASK, 1)[0].path == "src/parser.py"
    assert contents(repo) == 3  # the link and the picture are not read
    repo.commit({"src/numbers.py": "def parse_digits(): ...\n"}, "Digits come from a module of their own")
    repo.git("worktree", "add", "--quiet", "--detach", "../other", "main~1")
    path = open_store(repo.path).path
    assert path is not None
    with sqlite3.connect(path) as connection:
        real = connection.execute("SELECT size, number FROM documents WHERE kind = 1").fetchall()
        connection.execute("UPDATE documents SET size = 77777 WHERE kind = 1")
    after = look(repo)
    assert contents(repo) == 4
    sizes = sorted(one.size for one in open_store(repo.path).documents(Kind.CONTENT).values())
    assert sizes[0] < 100
    assert sizes[1:] == [77777] * 3  # nothing was read again
    assert after.change_count == 5
    with sqlite3.connect(path) as connection:
        connection.executemany("UPDATE documents SET size = ? WHERE number = ?", real)
    elsewhere = open_foresight(HistoryReader(Git(repo.path.parent / "other")), repo.path, repo.tip("main~1"))
    assert elsewhere is not None
    assert elsewhere.chances(TASK) == before.chances(TASK)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)


def text_in_it(path: Path) -> None:
    path.write_text("no index at all\n" * 100)


def of_another_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("DELETE FROM postings")


def cut_rows(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE postings SET data = substr(data, 1, 4)")


def other_rows(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE documents SET data = x'80' WHERE kind = 3")


@pytest.mark.parametrize(
    "damage", [truncated, overwritten, text_in_it, of_another_version, cut_rows, other_rows, Path.unlink]
)
def test_an_index_of_no_use_is_made_anew(repo: Repo, damage: Callable[[Path], None]) -> None:
    expected = dict(look(repo).chances(TASK))
    store = open_store(repo.path)
    postings, path = store.postings(Kind.CHANGE, "parse"), store.path
    store.close()
    assert path is not None
    assert len(postings) == 6
    damage(path)
    assert look(repo).chances(TASK) == expected
    # What was repaired in memory alone is on the disk again with the next look.
    assert look(repo).chances(TASK) == expected
    assert contents(repo) == 3
    assert open_store(repo.path).postings(Kind.CHANGE, "parse") == postings


def test_where_nothing_can_be_kept_it_works_all_the_same(repo: Repo) -> None:
    expected = look(repo).chances(TASK)
    path = open_store(repo.path).path
    assert path is not None
    path.unlink()
    path.mkdir()
    assert look(repo).chances(TASK) == expected
    assert path.is_dir()


def test_a_message_may_hold_what_separates_messages(repo: Repo) -> None:
    repo.commit({"src/printer.py": "x = 1\n"}, "Odd\x01\x03 message\n\n:100644 100644 a b M\tsrc/x.py\x1f")
    repo.git("commit-tree", "-m", "empty", "main^{tree}")
    assert look(repo).change_count == 5


def test_too_short_a_history_says_nothing(repo: Repo) -> None:
    assert open_foresight(HistoryReader(Git(repo.path)), None, repo.tip("main"), least=5) is None
    assert open_foresight(HistoryReader(Git(repo.path)), None, repo.tip("main"), least=4) is not None


def test_a_link_in_a_task_is_no_file_that_it_makes(repo: Repo) -> None:
    text = "as https://example.com/blob/main/POLICY.md says (#12)\n<!-- see docs/a.md --> in src/new_file.py"
    told = look(repo).chances(TaskText(id=TaskId("1"), title="Numbers", body=text))
    assert [path for path in told if path not in look(repo).paths] == ["src/new_file.py"]


def test_a_large_file_is_data_that_is_not_read(repo: Repo) -> None:
    before = look(repo).chances(TASK)
    repo.commit({"dump.sql": "parse_number " * 100_000}, "Keep a dump")
    look(repo)
    sizes = {one.size: one.length for one in open_store(repo.path).documents(Kind.CONTENT).values()}
    assert sizes[1_300_000] == 0
    assert look(repo).chances(TASK)["src/parser.py"] == pytest.approx(before["src/parser.py"], abs=0.2)


def test_a_partial_clone_is_learned_from_without_fetching_what_it_lacks(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    options = ("--quiet", "--bare", "--filter=blob:none")
    repo.git("clone", *options, "--", repo.path.as_uri(), str(tmp_path / "partial"))
    partial = repo.at(tmp_path / "partial")
    before = partial.git("count-objects", "-v")
    known = look(partial)
    assert known.change_count == 4
    assert known.likely_files(TASK, 1)[0].path == "src/parser.py"
    assert partial.git("count-objects", "-v") == before


def test_the_scope_and_the_title_of_a_task_count(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo", bare=True)
    repo.commit({"src/a.py": "pass\n", "src/b.py": "pass\n"}, "Begin")
    for number in range(4):
        repo.commit({"src/a.py": f"A = {number}\n"}, f"fix(shell): option {number}")
        repo.commit({"src/b.py": f"B = {number}\n"}, f"Option of the shell, fix {number}")
    known = look(repo)

    def chance(title: str, body: str = "") -> float:
        return known.chances(TaskText(id=TaskId("1"), title=title, body=body))["src/a.py"]

    assert chance("fix(shell): option") > chance("fix shell option")  # the same words
    repo.commit({"src/c.py": "pass\n"}, "Parse the invoice")
    known = look(repo)
    named = known.chances(TaskText(id=TaskId("1"), title="Invoice", body="Report the shell option"))
    told = known.chances(TaskText(id=TaskId("1"), title="Report", body="Invoice invoice shell option"))
    assert named["src/c.py"] > told["src/c.py"]
