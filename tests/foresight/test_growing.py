"""Directories that grow by one numbered file a change: two tasks that add the next one conflict."""

from pathlib import Path

from gitcoord.foresight.foresee import open_foresight
from gitcoord.foresight.growing import growing_directories
from gitcoord.foresight.mining import HistoryReader
from gitcoord.foresight.model import TaskText
from gitcoord.git.git_cli import Git
from gitcoord.tasks.model import TaskId
from tests.support.repos import Repo


def test_only_numbers_that_grow_count() -> None:
    migrations = [f"app/migrations/{number:04}_m.py" for number in range(1, 6)]
    dated = [f"notes/2026-03-0{number}_a.md" for number in range(1, 6)]
    chapters = [f"book/{number}_chapter.md" for number in range(1, 6)]
    twins = [f"twins/1_{name}.md" for name in "abcde"]
    changes = [[path] for path in (*migrations, *dated, *twins)] + [[path] for path in chapters * 4]
    (found,) = growing_directories([*migrations, *dated, *chapters, *twins], changes)
    assert (found.next_file, found.rate) == ("app/migrations/0006_*", 1.0)


def test_two_tasks_that_add_the_next_file_are_a_risk_that_names_it(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo", bare=True)
    repo.commit({"src/view.py": "def view():\n    pass\n", "README.md": "# X\n"}, "Begin")
    for number in range(1, 9):
        field = ("colour", "weight", "price", "length", "width", "name", "owner", "state")[number - 1]
        content = f"add_column('{field}')\n"
        repo.commit(
            {f"db/migrations/{number:04}_{field}.py": content}, f"Add a column for the {field} of a part"
        )
        repo.commit({"src/view.py": f"def view():\n    return {number}\n"}, f"Show {number} parts on a page")
    known = open_foresight(HistoryReader(Git(repo.path)), repo.path, repo.tip("main"))
    assert known is not None
    one, other, view = (
        TaskText(id=TaskId(str(number)), title=title)
        for number, title in enumerate(
            (
                "Add a column for the vendor of a part",
                "Add a column for the currency of the price",
                "Show more on a page",
            )
        )
    )
    risky, calm = known.pair(one, other), known.pair(one, view)
    assert risky.conflict > 0.5 > calm.conflict
    assert risky.files[0].path == "db/migrations/0009_*"
    assert known.likely_files(one, 1)[0].path == "db/migrations/0009_*"
    ruled = open_foresight(
        HistoryReader(Git(repo.path)),
        repo.path,
        repo.tip("main"),
        left_out=lambda path: path.startswith("db/"),
    )
    assert ruled is not None
    assert ruled.pair(one, other).conflict < risky.conflict
