"""Rules where work is handed in and landed: leftovers stay out, exclusive paths land one after another."""

from pathlib import Path

import pytest

from tests.support.project import Project, Worker, independent

BRANCH = "feature/level-0-task-1"
LEFTOVERS = {"src/x.py.orig": "old\n", "odd *name.rej": "rejected\n"}


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    """A worker who has done task 1, with leftovers in it."""
    project = Project.create(tmp_path, independent("1", "2"))
    one = project.worker("1")
    one.run("checkout", "1", ok=0)
    one.write({"one.txt": "1\n", **LEFTOVERS})
    return one


def set_rules(worker: Worker, rules: str) -> None:
    """Settings that only this clone has."""
    exclude = worker.repo.path / ".git/info/exclude"
    exclude.write_text("gitcoord.toml\n")
    (worker.repo.path / "gitcoord.toml").write_text(f"[rules]\n{rules}\n")


def test_scratch_files_are_refused_by_name_and_nothing_is_pushed(worker: Worker) -> None:
    set_rules(worker, 'preset = ["common"]')
    for arguments in (["submit"], ["submit", "--dry-run"]):
        ended = worker.run(*arguments, ok=1)
        assert f"{BRANCH} adds files that must not land: odd *name.rej, src/x.py.orig." in ended.err
    assert worker.project.remote.find(f"refs/heads/{BRANCH}") is None


def test_scratch_files_are_dropped_with_a_commit_when_the_settings_say_so(worker: Worker) -> None:
    set_rules(worker, 'preset = ["common"]\non-scratch = "drop"')
    before = worker.repo.tip("HEAD")
    assert "would drop scratch files" in worker.run("submit", "--dry-run", ok=0).err
    assert worker.repo.tip("HEAD") == before
    ended = worker.run("submit", ok=0)
    assert "dropped scratch files: odd *name.rej, src/x.py.orig" in ended.err
    files = worker.project.remote.files(BRANCH)
    assert "one.txt" in files
    assert not set(LEFTOVERS) & set(files)
    assert worker.repo.git("log", "-1", "--format=%s %P") == f"Leave scratch files out {before}"


def test_scratch_files_land_when_they_are_allowed(worker: Worker) -> None:
    set_rules(worker, 'preset = ["common"]\non-scratch = "allow"')
    worker.run("submit", ok=0)
    assert set(LEFTOVERS) <= set(worker.project.remote.files(BRANCH))


def test_a_scratch_file_that_the_base_already_has_may_be_changed(worker: Worker) -> None:
    project = worker.project
    project.remote.commit({"kept.orig": "kept\n"})
    worker.repo.git("fetch", "--quiet", "origin")
    worker.repo.git("reset", "--quiet", "--hard", "origin/main")
    worker.write({"kept.orig": "changed\n"})
    set_rules(worker, 'preset = ["common"]')
    worker.run("submit", ok=0)


def test_uncommitted_changes_keep_scratch_files_from_being_dropped(worker: Worker) -> None:
    set_rules(worker, 'preset = ["common"]\non-scratch = "drop"')
    before = worker.repo.tip("HEAD")
    (worker.repo.path / "one.txt").write_text("more\n")
    worker.run("submit", ok=1)
    assert worker.repo.tip("HEAD") == before
    assert (worker.repo.path / "one.txt").read_text() == "more\n"


def test_landing_sends_the_second_at_an_exclusive_path_back_though_it_merges(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1", "2"), strategy="multi-pr")
    lines = [f"line {number}\n" for number in range(40)]
    project.remote.commit({"db/schema.sql": "".join(lines)})
    for id, line in (("1", 3), ("2", 33)):
        changed = [*lines[:line], f"by {id}\n", *lines[line + 1 :]]
        assert project.worker(id).do({"db/schema.sql": "".join(changed)}).code == 0
    (project.desk.path / "gitcoord.toml").write_text('[rules]\nexclusive = ["db/"]\n')
    told = project.run("merge-level", "--json", ok=1).json
    assert [(one["task"], one["wave"]) for one in told["landed"]] == [("1", 1)]
    assert [(one["task"], one["with"], one["paths"]) for one in told["deferred"]] == [
        ("2", ["1"], ["db/schema.sql"])
    ]
