"""How agents that cannot choose an exit code say how they ended, and how a false "done" is found."""

import os
from pathlib import Path

import pytest

from gitcoord.worker.attempt.agent_result import parse_words
from gitcoord.worker.attempt.exchange_files import CLASHES, RESULT, leave, open_exchange, read
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import BRANCH, told
from tests.worker.test_worker_kept import shell

SAY = 'printf "%s" > "$GITCOORD_RESULT_FILE"'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("done", "done"),
        ("again: the server\nis down", "again: the server is down"),
        ("**Wrong** — there is no such table", "wrong: there is no such table"),
        ('- "again": later', "again: later"),
        ("doneness", "None"),
        ("I am done", "None"),
        ("", "None"),
        ("again: " + "x" * 900, f"again: {'x' * 300}"),
    ],
)
def test_a_word_and_a_sentence_are_read_as_models_write_them(text: str, said: str) -> None:
    assert str(parse_words(text)) == said


def test_nothing_is_followed_out_of_the_exchange(tmp_path: Path) -> None:
    checkout, secret = tmp_path / "checkout", tmp_path / "secret"
    place = checkout / ".gitcoord"
    checkout.mkdir()
    secret.write_text("wrong: the secret")
    open_exchange(checkout)
    assert (place / ".gitignore").read_text() == "*\n"
    (place / RESULT).symlink_to(secret)
    (place / CLASHES).symlink_to(secret)
    assert read(checkout, RESULT) == ""
    leave(checkout, CLASHES, "new")
    assert (secret.read_text(), read(checkout, CLASHES)) == ("wrong: the secret", "new")
    (place / RESULT).unlink()
    os.mkfifo(place / RESULT)
    assert read(checkout, RESULT) == ""
    # What an earlier turn left is gone, whatever it is.
    (place / RESULT).unlink()
    (place / RESULT).mkdir()
    (place / RESULT / "deep").write_text("")
    open_exchange(checkout)
    assert sorted(file.name for file in place.iterdir()) == [".gitignore"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place.rename(tmp_path / "old")
    place.symlink_to(elsewhere)
    leave(checkout, CLASHES, "new")
    assert (list(elsewhere.iterdir()), read(checkout, RESULT)) == ([], "")
    open_exchange(checkout)
    leave(checkout, CLASHES, "new")
    assert (list(elsewhere.iterdir()), place.is_symlink()) == ([], False)


@pytest.mark.parametrize("unit", ["1", "2.1"])
def test_what_an_agent_says_of_its_end_counts_and_evidence_counts_more(tmp_path: Path, unit: str) -> None:
    parts = [{"id": id, "title": f"Part {id}", "status": "pending"} for id in (1, 2)]
    project = Project.create(tmp_path / "project", [task(1), task(2, subtasks=parts)])
    shell(project, SAY % "wrong: no such table", unit, ok=65)
    assert told(project, unit)[-1].endswith("ended: wrong: the agent says: no such table")
    # What the turn before said is not said again; a `done` without any change is a failure.
    shell(project, "true", unit, ok=1)
    assert "the agent says" not in told(project, unit)[-1]
    shell(project, SAY % "done: all of it", unit, ok=1)
    last = told(project, unit)[-1]
    assert "has no commits of its own" in last or "no commits that" in last, last
    assert "the agent says: done: all of it" in last
    shell(project, f"{SAY % 'again: the server is down'}; exit 3", unit, ok=75)
    assert told(project, unit)[-1].endswith("ended: again: the agent says: the server is down")
    shell(project, f"{SAY % 'done'}; exit 3", unit, ok=1)
    said = shell(project, f"{SAY % 'done: all of it'}; echo 1 > work; git add -A; git commit -qm Work", unit)
    assert "[gitcoord] the agent says: done: all of it" in said
    branch = BRANCH if unit == "1" else "feature/level-0-task-2"
    assert project.remote.files(branch) == ["src/main.rs", "work"]
