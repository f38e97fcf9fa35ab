"""`gitcoord predict`: what is foretold of tasks from the history of their repository."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitcoord.cli.main import main
from tests.cli.plan_shell import Ended
from tests.cli.test_completion import offered
from tests.support.repos import Repo
from tests.support.tasklists import task, write_tasks

PARSER = "def parse_number(text):\n    return int(text)\n"
PRINTER = "def print_table(rows):\n    print(rows)\n"
TASKS = [
    task(1, title="Let the parser take negative numbers", description="`parse_number` refuses them"),
    task(2, title="Let the parser take hexadecimal numbers"),
    task(3, title="Print a table with borders", description="see src/printer.py"),
    task(4, title="Teach the parser to read numbers with a sign", parallel_safe=True),
    task(5, title="Done long ago", status="done"),
    task(6, title="Export as `to_csv`", description="in src/export.py", modifies=["src/printer.py"]),
]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    remote, work = Repo.pair(
        tmp_path, {"src/parser.py": PARSER, "src/printer.py": PRINTER, "README.md": "# X\n"}
    )
    for number in range(6):
        remote.commit({"src/parser.py": PARSER + f"# {number}\n"}, f"Parse numbers of base {number + 2}")
        remote.commit({"src/printer.py": PRINTER + f"# {number}\n"}, f"Print tables {number} columns wide")
    write_tasks(work.path, TASKS)

    def run(*arguments: str) -> Ended:
        before = Path.cwd()
        os.chdir(work.path)
        try:
            capsys.readouterr()
            command = [] if arguments[:1] == ("plan",) else ["predict"]
            return Ended(main([*command, *arguments]), *capsys.readouterr())
        finally:
            os.chdir(before)

    return run


def test_pairs_come_with_their_risk_and_its_reason(run: Callable[..., Ended]) -> None:
    told = run("1", "2", "3", "--json").json
    assert (told["schema"], told["base"], told["changes"]) == ("gitcoord.predict/1", "main", 13)
    assert told["pairs"][0]["tasks"] == ["1", "2"]
    risky, *others = told["pairs"]
    assert risky["conflict"] > 2 * max(pair["conflict"] for pair in others)
    assert risky["files"][0]["path"] == "src/parser.py"
    assert risky["band"] == ("high" if risky["conflict"] >= 0.2 else "medium")
    text = run("1", "2")
    assert text.code == 0
    assert text.out.startswith(f"1 and 2: {risky['band']}, ")
    assert "  in src/parser.py" in text.out
    assert text.err == "Learned from 13 changes of main.\n"


def test_files_are_those_that_the_words_and_the_declarations_point_to(run: Callable[..., Ended]) -> None:
    files = {id: [one["path"] for one in told] for id, told in run("--files", "--json").json["files"].items()}
    assert sorted(files) == ["1", "2", "3", "4", "6"]  # what is done is not foretold
    assert (files["1"][0], files["3"][0]) == ("src/parser.py", "src/printer.py")
    assert set(files["6"][:2]) == {"src/printer.py", "src/export.py"}  # which it declares, and will make
    assert "src/export.py" not in files["1"]
    shown = run("--files", "3").out.splitlines()
    assert shown[0] == "3  Print a table with borders"
    assert shown[1].split()[2] == "src/printer.py"


def test_what_the_list_asserts_is_said_and_counts(run: Callable[..., Ended]) -> None:
    (pair,) = run("1", "4", "--json").json["pairs"]
    assert pair["asserted"]
    assert "parallel_safe: they may run together" in run("1", "4").out


def test_what_a_rule_keeps_from_conflicting_counts_for_no_pair(
    run: Callable[..., Ended], tmp_path: Path
) -> None:
    (before,) = run("1", "2", "--json").json["pairs"]
    (tmp_path / "work" / "gitcoord.toml").write_text('[rules]\nunion = ["src/parser.py"]\n')
    told = run("1", "2", "--json").json
    (after,) = told["pairs"]
    assert after["conflict"] < before["conflict"] / 2
    assert "src/parser.py" not in {file["path"] for file in after["files"]}
    assert told["left_out"] == [["src/parser.py", "rule"]]
    assert told["files"]["1"][0]["path"] == "src/parser.py"


def test_a_wrong_name_is_one_error_that_says_what_there_is(run: Callable[..., Ended]) -> None:
    ended = run("1", "77")
    assert (ended.code, ended.out) == (2, "")
    assert "no task '77'" in ended.err
    assert "Its tasks: 1, 2, 3, 4, 5, 6." in ended.err
    assert json.loads(run("1", "--base", "nowhere", "--json").out)["code"] == "no-such-base"


def test_tasks_are_offered_on_tab(run: Callable[..., Ended], tmp_path: Path) -> None:
    assert run("plan").code == 0
    assert offered("gitcoord predict 3", tmp_path / "work") == ["3"]


def test_a_plan_is_told_what_will_conflict_once_there_is_history(
    run: Callable[..., Ended], tmp_path: Path
) -> None:
    index = tmp_path / "work" / ".git" / "gitcoord" / "foresight.sqlite"
    short = run("plan", "--dry-run", "--json").json
    assert short["risks"] == {"pairs": [], "files": {}, "changes": 0, "own_pairs": 0}
    assert not index.exists()
    remote = Repo(tmp_path / "origin.git")
    for number in range(10):
        remote.commit({"src/parser.py": PARSER + f"# more {number}\n"}, f"Parse numbers with {number} digits")
    told = run("plan", "--json", "--max-parallel", "2").json
    assert index.exists()
    risky = told["risks"]["pairs"][0]
    assert (risky["tasks"], risky["files"][0]["path"]) == (["1", "2"], "src/parser.py")
    assert told["risks"]["files"]["3"][0]["path"] == "src/printer.py"
    assert told["risks"]["changes"] == 23
    waves = json.loads(run("plan", "--format", "waves").out)
    assert [1, 2] not in waves
    assert len(waves) == 3
    # What tasks of an earlier list did here moves the base rate, and fills in what the list leaves open.
    done = [{"unit": f"{number}", "minutes": 12.5} for number in range(5)]
    pairs = [{"tasks": ["7", f"{number}"], "chance": 0.02, "conflict": number < 12} for number in range(40)]
    kept = {"lists": {"0": {"units": done, "pairs": pairs}}}
    (index.parent / "experience.json").write_text(json.dumps(kept))
    learned = run("plan", "--dry-run", "--json").json
    assert learned["risks"]["own_pairs"] == 40
    assert learned["risks"]["pairs"][0]["conflict"] > risky["conflict"]
    assert "agents took here: 12.5 minutes in the median of 5 units" in learned["estimates_from"]
    assert learned["tasks"]["1"]["estimate"] == 12.5
    (index.parent / "experience.json").write_text("no JSON")
    text = run("plan", "--dry-run").out
    assert f"{risky['band']} risk  1 and 2, " in text
    assert ": src/parser.py" in text
    off = run("plan", "--no-predict", "--json").json
    assert (off["predict"], off["risks"]["pairs"]) == (False, [])
    assert [change["name"] for change in off["changes"]] == ["predict"]
    assert run("plan", "--json").json["predict"] is False  # as it was saved
    assert run("plan", "--predict", "--rework-cost", "9", "--json").json["rework_cost"] == 9
    assert len(run("plan", "--json").json["levels"][0]["waves"]) > 1
