"""Issues of beads and tasks of Backlog.md."""

import json
import stat
from pathlib import Path

import pytest

from tests.tasks.conftest import codes, edges
from tests.tasks.origins import PLACES, listed, read, write


def issue(id: str, *needs: str, parent: str = "", **fields: object) -> str:
    links = [{"issue_id": id, "depends_on_id": need, "type": "blocks"} for need in needs]
    links += [{"issue_id": id, "depends_on_id": parent, "type": "parent-child"}] if parent else []
    links += [{"issue_id": id, "depends_on_id": "bd-9", "type": "related"}]
    whole = {"id": id, "title": f"Do {id}", "status": "open", "priority": 1, "issue_type": "task", **fields}
    return json.dumps({**whole, "dependencies": links})


BEADS = (
    issue("bd-1", status="closed"),
    issue("bd-2", "bd-1", issue_type="epic"),
    issue("bd-3", parent="bd-2", description="What", notes="Why", estimated_minutes=20),
    issue("bd-4", "bd-3", parent="bd-2"),
    issue("bd-5", "bd-2", priority=4),
    issue("bd-6", status="tombstone"),
    issue("bd-7", issue_type="message"),
)


def test_beads_epics_stand_for_their_issues(tmp_path: Path) -> None:
    found = read(tmp_path, "beads", "\n".join(BEADS) + "\n")
    needs = {"bd-1": [], "bd-3": ["bd-1"], "bd-4": ["bd-3", "bd-1"], "bd-5": ["bd-3", "bd-4"]}
    assert edges(found) == needs
    three, five = found.tasks[1], found.tasks[3]
    assert (three.details, three.estimate, three.priority, five.priority) == (
        "What\n\nWhy",
        20,
        "high",
        "low",
    )
    assert codes(found) == [("epic", "bd-2")]


def test_bd_is_asked_and_its_file_is_read_where_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, PLACES["beads"], BEADS[0])
    program = write(tmp_path, "bin/bd", "")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    # Its list counts dependencies, which only the export names.
    short = json.dumps(
        [{"id": "bd-1", "title": "One"}, {"id": "bd-4", "title": "Four", "dependency_count": 1}]
    )
    export = "\n".join([issue("bd-1"), issue("bd-4", "bd-1")])
    program.write_text(f"#!/bin/sh\ncase $1 in list) echo '{short}';; export) echo '{export}';; esac\n")
    assert edges(listed(tmp_path)) == {"bd-1": [], "bd-4": ["bd-1"]}
    program.write_text(f'#!/bin/sh\necho \'{{"schema_version": 1, "data": [{issue("bd-7")}]}}\'\n')
    assert edges(listed(tmp_path)) == {"bd-7": []}
    program.write_text("#!/bin/sh\necho hello\n")
    assert (edges(listed(tmp_path)), codes(listed(tmp_path))) == ({"bd-1": []}, [("bd-failed", None)])
    program.write_text("#!/bin/sh\necho 'no database' >&2; exit 1\n")
    found = listed(tmp_path)
    assert (edges(found), codes(found)) == ({"bd-1": []}, [("bd-failed", None)])
    assert "no database" in found.warnings[0].message


def test_backlogs_files_are_tasks(tmp_path: Path) -> None:
    write(
        tmp_path,
        "backlog/tasks/back-2 - API.md",
        "---\nid: BACK-2\ntitle: API\nstatus: To Do\nassignee:\n"
        "  - @codex\ndependencies:\n  - task-1\npriority: high\n---\n\n## Description\n\nRoutes\n",
    )
    write(
        tmp_path,
        "backlog/tasks/back-2.1 - Read.md",
        "---\nid: BACK-2.1\ntitle: 'Read: all'\n"
        "status: In Progress\nparent_task_id: BACK-2\ndependencies: [BACK-1]\n---\n",
    )
    write(tmp_path, "backlog/tasks/notes.md", "just notes\n")
    write(tmp_path, "backlog/tasks/back-3 - Bad.md", "---\nid: BACK-3\ntitle: a: b\n---\n")
    write(
        tmp_path, "backlog/completed/back-1 - Schema.md", "---\nid: BACK-1\ntitle: Schema\nstatus: x\n---\n"
    )
    found = listed(tmp_path)
    assert edges(found) == {"2": ["1"], "1": []}
    api, schema = found.tasks
    assert (api.priority, api.details, schema.status) == ("high", "## Description\n\nRoutes", "done")
    assert [(part.id, part.title, part.status) for part in api.subtasks] == [
        ("2.1", "Read: all", "in-progress")
    ]
    assert codes(found) == [("unread-file", None)] * 2
    assert found.source == "backlog/tasks"
