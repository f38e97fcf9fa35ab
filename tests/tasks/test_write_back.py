"""Statuses in task lists: set where they stand, all else byte by byte as it was, whole whenever one looks."""

import fcntl
import os
import random
import signal
import stat
import time
from pathlib import Path

import pytest

from gitcoord.tasks.write_back.splices import NewStatus
from gitcoord.tasks.write_back.whole_files import replace_file
from gitcoord.tasks.write_back.write import ListFile, WriteResult, write_statuses


@pytest.fixture(autouse=True)
def _without_bd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def written(
    root: Path, kind: str, path: str, content: str | bytes, wanted: dict[str, NewStatus], tag: str = "master"
) -> tuple[bytes, WriteResult]:
    """What the file holds after the statuses were set, and the result."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = write_statuses(ListFile(kind=kind, path=place, tag=tag, root=root), wanted)
    return place.read_bytes(), result


def test_of_a_json_list_only_the_statuses_change(tmp_path: Path) -> None:
    text = (
        '\ufeff{"other": {"tasks": [{"id": 1, "status": "pending"}]},\r\n'
        ' "api": {"metadata": {"status": "pending"}, "tasks" : [\r\n'
        '\t{"id":1,"title":"\\u00e9 \\"status\\": \\"pending\\"","status" :\t"todo",\r\n'
        '\t "subtasks":[{"id":"1.1","status":"pending"},{"id": 2, "status":"done"}]},\r\n'
        '\t{ "title": "none",  "id": 31.10 },\r\n'
        '\t{"id":3,"status":"pending","status":"review"}, {"id": 1, "status": "pending"}\r\n]}}  \r\n'
    )
    wanted: dict[str, NewStatus] = {"1": "done", "1.1": "done", "1.2": "pending", "31.10": "done"}
    wanted["3"] = "done"
    now, result = written(tmp_path, "taskmaster", "x.json", text, wanted, tag="api")
    expected = (
        text.replace('"status" :\t"todo"', '"status" :\t"done"')
        .replace('"1.1","status":"pending"', '"1.1","status":"done"')
        .replace('"id": 2, "status":"done"', '"id": 2, "status":"pending"')
        .replace('"id": 31.10 }', '"id": 31.10,  "status": "done" }')
        .replace('"review"', '"done"')
    )
    assert now.decode() == expected
    assert (set(result.written), result.problems, result.by) == (set(wanted), (), "file")
    for shape in (
        '[{"id": 1, "status": "x"}]',
        '{"tags": {"master": {"tasks": [{"id": 1, "status": "x"}]}}}',
        '{"master": {"tasks": []}, "master": {"tasks": [{"id": 1, "status": "x"}]}}',
    ):
        now, _ = written(tmp_path, "json", "y.json", shape, {"1": "done"})
        assert now.decode() == shape.replace('"x"', '"done"')


def test_of_a_checklist_only_the_boxes_change(tmp_path: Path) -> None:
    text = (
        "# Plan [x]\r\n\r\n```\n- [ ] 9. code\n```\n- [ ] 1. One [ ] (see [x])\r\n"
        "  - [-] 1.1 Part\n  - [X] 1.2 Other\n> * [ ]* 2. Quoted\n\n10. [ ] 3.1 Odd\n- [x] 4. Done\n"
    )
    wanted: dict[str, NewStatus] = {"1": "done", "1.1": "done", "1.2": "pending", "2": "done", "3.1": "done"}
    now, result = written(tmp_path, "markdown", "TASKS.md", text, wanted)
    expected = (
        text.replace("[ ] 1. One", "[x] 1. One")
        .replace("[-]", "[x]")
        .replace("[X] 1.2", "[ ] 1.2")
        .replace("[ ]*", "[x]*")
        .replace("[ ] 3.1", "[x] 3.1")
    )
    assert (now.decode(), result.problems) == (expected, ())
    # `9` stands in code: it is no task, and is named.
    now, result = written(tmp_path, "markdown", "TASKS.md", text, {"9": "done"})
    assert (now.decode(), result.written) == (text, ())
    assert [(one.code, "9" in one.message) for one in result.problems] == [("not-written", True)]


def test_of_yaml_only_the_statuses_change(tmp_path: Path) -> None:
    text = (
        "# status: pending\r\ntasks:\r\n- {id: 1, title: 'a: b', status: pending}  # one\r\n"
        "- id: '2'  # two\r\n  title: B\r\n  subtasks: [{id: 1}, {id: 2.2, status: \"todo\"}]\r\n"
    )
    wanted: dict[str, NewStatus] = {"1": "done", "2": "done", "2.1": "done", "2.2": "done"}
    now, result = written(tmp_path, "yaml", "tasks.yaml", text, wanted)
    expected = (
        text.replace("status: pending}", "status: done}")
        .replace("# two\r\n", "# two\r\n  status: done\r\n")
        .replace("{id: 1}", "{id: 1, status: done}")
        .replace('"todo"', '"done"')
    )
    assert (now.decode(), result.problems) == (expected, ())
    # The status of 2 stands at 1: what would change another task's is not written.
    shared = "- {id: 1, title: A, status: &s todo}\n- {id: 2, title: B, status: *s}\n"
    now, result = written(tmp_path, "yaml", "tasks.yaml", shared, {"2": "done"})
    assert (now.decode(), result.written, len(result.problems)) == (shared, (), 1)
    itself = "- &a {id: 1, title: A, status: todo, details: [*a], subtasks: [*a]}\n"
    now, result = written(tmp_path, "yaml", "tasks.yaml", itself, {"1": "done"})
    assert (now.decode(), result.written) == (itself, ())


def test_of_backlogs_files_only_the_status_changes(tmp_path: Path) -> None:
    text = (
        "---\r\nid: BACK-1\r\nassignee:\r\n  - @codex\r\nstatus: 'In Progress' # so\r\n---\r\nstatus: x\r\n"
    )
    place = tmp_path / "backlog/tasks"
    place.mkdir(parents=True)
    (place / "back-1 - A.md").write_bytes(text.encode())
    target = ListFile(kind="backlog", path=place, tag="master", root=tmp_path)
    assert write_statuses(target, {"1": "done"}).problems == ()
    assert (place / "back-1 - A.md").read_bytes().decode() == text.replace("'In Progress'", "'Done'")
    (tmp_path / "backlog/config.yml").write_text("statuses: [Open, Closed]\n")
    assert "no statuses Done" in write_statuses(target, {"1": "pending"}).problems[0].message


def program(root: Path, name: str, script: str) -> None:
    path = root / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_issues_of_beads_are_closed_by_bd_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    issues = '{"id":"bd-1","status":"open"}\n{"id":"bd-2","status":"closed"}\n'
    wanted: dict[str, NewStatus] = {"bd-1": "done", "bd-2": "pending"}
    now, result = written(tmp_path, "beads", ".beads/issues.jsonl", issues, wanted)
    assert (now.decode(), "not on PATH" in result.problems[0].message) == (issues, True)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    program(
        tmp_path, "bd", 'echo "$@" >> asked; case $1 in list) cat now;; *) echo "[$(cat after)]" > now;; esac'
    )
    (tmp_path / "now").write_text("[]")
    (tmp_path / "after").write_text('{"id":"bd-1","status":"closed"},{"id":"bd-2","status":"open"}')
    _, result = written(tmp_path, "beads", ".beads/issues.jsonl", issues, wanted)
    assert (result.by, result.problems) == ("bd", ())
    asked = (tmp_path / "asked").read_text()
    assert "close bd-1 --reason Landed" in asked
    assert "reopen bd-2" in asked


def test_a_file_that_became_another_one_and_links_and_modes_are_respected(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "tasks.json"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to("real.json")
    assert not replace_file(link, b"other", b"new")
    assert real.read_bytes() == b"old"
    assert replace_file(link, b"old", b"new")
    assert (link.is_symlink(), real.read_bytes(), stat.S_IMODE(real.stat().st_mode)) == (True, b"new", 0o640)
    assert {path.name for path in tmp_path.iterdir()} == {"real.json", "tasks.json"}
    real.write_text('[{"id": 1, "title": "A"}]')
    (tmp_path / "repo").mkdir()
    link.rename(tmp_path / "repo/tasks.json").unlink()
    (tmp_path / "repo/tasks.json").symlink_to(real)
    place = ListFile(kind="json", path=tmp_path / "repo/tasks.json", tag="master", root=tmp_path / "repo")
    assert "outside the repository" in write_statuses(place, {"1": "done"}).problems[0].message
    assert real.read_text() == '[{"id": 1, "title": "A"}]'


def test_killed_at_any_moment_the_list_is_whole(tmp_path: Path) -> None:
    head = '{"master": {"tasks": ['
    one = head + ", ".join(f'{{"id": {id}, "status": "pending"}}' for id in range(300)) + "]}}"
    done = one.replace("pending", "done")
    path = tmp_path / "tasks.json"
    path.write_text(one)
    place = ListFile(kind="taskmaster", path=path, tag="master", root=tmp_path)
    write_statuses(place, {"0": "pending"})  # what the children share is loaded here, once
    draw, seen = random.Random(7), set[str]()
    for kills in range(200):
        if kills >= 12 and len(seen) == 2:
            break
        child = os.fork()
        if child == 0:
            while True:
                for new_status in ("done", "pending"):
                    write_statuses(place, dict.fromkeys(map(str, range(300)), new_status))
        time.sleep(draw.uniform(0.005, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seen.add(path.read_text())
    assert seen <= {one, done}
    assert len(seen) == 2
    # What the killed ones left goes with the next write; what somebody is writing stays.
    held, fresh = (tmp_path / f".tasks.json.{name}.part" for name in ("held", "fresh"))
    for part in (fresh, tmp_path / ".tasks.json.dead.part"):
        part.touch()
    with held.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for part in tmp_path.glob(".*.part"):
            os.utime(part, None if part == fresh else (0, 0))
        write_statuses(place, {"0": "done"})
        write_statuses(place, {"0": "pending"})
    assert {one.name for one in tmp_path.iterdir()} == {"tasks.json", held.name, fresh.name}
