"""Checklists, YAML and CSV: each reads right, or says what it did not read; and where lists are found."""

from pathlib import Path

import pytest

from gitcoord.tasks.reader import read_task_list
from tests.tasks.conftest import codes, edges
from tests.tasks.origins import PLACES, failure, listed, read, write

SPEC_KIT = """---
description: "Tasks"
---
# Tasks: Albums
## Format: `[ID] [P?] [Story] Description`
```text
- [ ] T900 a sample
```
<!-- - [ ] T901 another -->
## Phase 1: Setup
- [x] T001 Project
- [ ] T002 [P] Lint
- [ ] T003 [P] Tests in `tests/`
## Phase 2: Foundation
- [ ] T004 [P] Schema
- [ ] **T005**: Models
### Tests
- [ ] T006 [P] [US1] Contract test (depends on T001-T003; touches: tests/contract/*.py)
- [ ] T007 [P] [US1] Page (depends on T005 failing first)
  - **Dependencies**: T004, T005
- [ ] T008 Wire it
- [ ] All stories work
## Dependencies & Execution Order
- T008 needs T006
"""


def test_spec_kits_order_is_that_of_its_marks_and_sections(tmp_path: Path) -> None:
    found = read(tmp_path, "spec-kit", SPEC_KIT)
    assert edges(found) == {
        "T001": [],
        "T002": ["T001"],
        "T003": ["T001"],
        "T004": ["T002", "T003"],
        "T005": ["T004"],
        "T006": ["T005", "T001", "T002", "T003"],
        "T007": ["T005", "T004"],
        "T008": ["T006", "T007"],
    }
    by_id = {str(task.id): task for task in found.tasks}
    assert (by_id["T001"].status, by_id["T005"].title, found.tag) == ("done", "Models", "001-albums")
    assert (by_id["T006"].title, by_id["T006"].modifies) == ("Contract test", ("tests/contract/*.py",))
    assert by_id["T006"].description == "Phase 2: Foundation / Tests"
    assert codes(found) == [("unnumbered", None), ("unread-dependency", "T007"), ("unread-section", None)]


KIRO = """# Implementation Plan
- [x] 1. Set up
- [-] 2. Models
- [ ] 2.1 User (depends on: 1)
  - Fields
  - _Requirements: 1.1_
- [ ]* 2.2 Tests
  - _Depends: 2.1_
- [ ] 3. Views (depends on: 2.2, 1; estimate: 45)
  - [ ] 3.1 List
    - [ ] 3.1.1 Rows
"""


def test_kiros_numbers_make_parts_also_where_nothing_is_indented(tmp_path: Path) -> None:
    found = read(tmp_path, "kiro", KIRO)
    # `1` is task 1 here, though 2.1 is a part of the same task.
    assert edges(found) == {"1": [], "2": ["1"], "3": ["1", "2"]}
    models, views = found.tasks[1:]
    assert (models.status, [part.id for part in models.subtasks]) == ("in-progress", ["2.1", "2.2"])
    assert models.subtasks[1].depends_on == ("2.1",)
    assert models.subtasks[0].details == "- Fields\n- _Requirements: 1.1_"
    assert views.estimate == 45
    said = {"nested-subtasks": "3.1", "lifted-dependency": "3", "optional-task": "2.2"}
    assert dict(codes(found)) == said


def test_one_number_among_many_titles_is_a_word(tmp_path: Path) -> None:
    found = read(tmp_path, "markdown", "- [ ] A\n- [ ] 0.0.0.0 is any address\n- [ ] B\n")
    assert [(task.id, task.title) for task in found.tasks][1] == ("2", "0.0.0.0 is any address")
    marked = read(tmp_path, "markdown", "- [ ] A\n- [ ] [P] B\n- [ ] [P] C\n- [ ] D\n")
    assert edges(marked) == {"1": [], "2": ["1"], "3": ["1"], "4": ["2", "3"]}


def test_a_task_inside_another_ones_text_is_a_task_of_its_own(tmp_path: Path) -> None:
    found = read(
        tmp_path, "spec-kit", "- [ ] T001 A\n  - note\n  - [ ] T002 B\n    more\n  - [ ] only words\n"
    )
    assert [task.details for task in found.tasks] == ["- note\n- [ ] only words", ""]
    assert found.tasks[1].title == "B more"


def test_a_list_that_says_nothing_of_needs_is_told_so_and_none_is_guessed(tmp_path: Path) -> None:
    found = read(
        tmp_path, "openspec", "## 1. API\n- [ ] 1.1 Route\n- [x] 1.2 Test\n## 2. UI\n- [ ] 2.1 Page\n"
    )
    assert (edges(found), codes(found)) == ({"1.1": [], "1.2": [], "2.1": []}, [("no-dependencies", None)])
    assert found.tag == "add-login"
    path = tmp_path / PLACES["openspec"]
    path.write_text(path.read_text() + "- [ ] 2.2 Form (depends on: 1.1)\n  - [ ] 2.2.1 A\n  - [ ] 2.2.2 B\n")
    ordered = read_task_list(root=tmp_path, tasks=None, tag=None, in_order=True, environ={})
    assert edges(ordered) == {"1.1": [], "1.2": ["1.1"], "2.1": ["1.2"], "2.2": ["1.1", "2.1"]}
    assert ordered.tasks[3].subtasks[1].depends_on == ("2.2.1",)
    assert codes(ordered) == []


def test_a_checklist_without_ids_counts_places(tmp_path: Path) -> None:
    long = "word " * 30
    text = (
        f"* [ ] Soup\n* [X] Bread\n  * [ ] Dough\n  * [?] Oven (depends on: 2.1)\n* [ ] {long}\n  (no note)\n"
    )
    found = read(tmp_path, "markdown", text)
    assert [task.id for task in found.tasks] == ["1", "2", "3"]
    assert found.tasks[1].subtasks[1].depends_on == ("2.1",)
    assert len(found.tasks[2].title) <= 120
    assert found.tasks[2].details.startswith(long.strip())
    assert codes(found) == [("unknown-status", "2.2")]


def test_yaml_keeps_ids_and_words_as_they_are_written(tmp_path: Path) -> None:
    text = """
- {id: 1.10, title: No, status: todo, due: 2026-01-01}
- id: "2"
  title: Two
  dependencies: [1.10]
  modifies: [src/*.py]
  estimate: 30
  parallel_safe: false
  subtasks: [{id: 1, title: Part, status: completed}]
"""
    found = read(tmp_path, "yaml", text)
    assert (edges(found), codes(found)) == ({"1.10": [], "2": ["1.10"]}, [])
    one, two = found.tasks
    assert (one.title, two.modifies, two.estimate, two.parallel_safe) == ("No", ("src/*.py",), 30, False)
    assert two.subtasks[0].status == "done"


def test_csv_has_a_column_for_each_field(tmp_path: Path) -> None:
    text = 'id;title;dependencies;modifies;estimate;colour\n1;"A; b";;src/a.py,src/b.py;;red\n2;B;1;;15;\n'
    found = read(
        tmp_path,
        "csv",
        text.replace("estimate;colour", "estimate;parallel_safe;colour")
        .replace(";;red", ";;false;red")
        .replace(";15;", ";15;;"),
    )
    assert (edges(found), codes(found)) == ({"1": [], "2": ["1"]}, [("unknown-column", None)])
    one, two = found.tasks
    assert (one.title, one.modifies, one.parallel_safe) == ("A; b", ("src/a.py", "src/b.py"), False)
    assert two.estimate == 15


@pytest.mark.parametrize(
    ("origin", "text", "code", "said"),
    [
        ("yaml", "- id: 1\n  title: [", "not-yaml", "tasks.yaml:3:1"),
        ("yaml", "- {id: 1, id: 2}", "not-yaml", "occurs twice"),
        ("yaml", "- &a {id: 1, subtasks: 5, details: [*a], dependencies: 1.5}", "dangling-dependency", "1.5"),
        ("csv", "id,title\n,A\n", "unusable-id", "has no id"),
        ("yaml", "a: !!python/object:os.system {}", "not-yaml", "python"),
        ("csv", "name,what\n1,2\n", "unknown-shape", "`id` and `title`"),
        ("csv", 'id,title\n1,"a"b\n', "unknown-shape", "Line 2"),
        ("markdown", "# Nothing\n", "unknown-shape", "checkbox"),
        ("markdown", "- [ ] A\n<<<<<<< HEAD\n- [ ] B\n", "conflict-markers", "line 2"),
        ("markdown", " \n", "empty-task-list", "TASKS.md"),
        ("spec-kit", "- [ ] T001 A (depends on T009)\n", "dangling-dependency", "T009"),
        ("spec-kit", "- [ ] T001 A\n- [ ] T001 B\n", "duplicate-id", "T001"),
        ("beads", '{"id": "bd-1"}\n{"id":\n', "not-json", "Line 2"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, origin: str, text: str, code: str, said: str
) -> None:
    write(tmp_path, PLACES[origin], text)
    error = failure(tmp_path, origin)
    assert (error.code, said in error.message) == (code, True), error.message


def test_a_list_is_found_and_several_are_named(tmp_path: Path) -> None:
    write(tmp_path, PLACES["kiro"], "- [ ] 1. A\n")
    assert listed(tmp_path).source == PLACES["kiro"]
    write(tmp_path, PLACES["openspec"], "- [x] 1.1 A\n")
    assert listed(tmp_path).source == PLACES["kiro"]  # the other one is done
    write(tmp_path, PLACES["openspec"], "- [ ] 1.1 A\n")
    error = failure(tmp_path)
    assert (error.code, "openspec:openspec/changes/add-login/tasks.md" in error.message) == (
        "several-task-lists",
        True,
    )
    assert listed(tmp_path, tag="add-login").source == PLACES["openspec"]
    assert listed(tmp_path, "openspec").source == PLACES["openspec"]
    write(tmp_path, "tasks/tasks.json", '[{"id": 1, "title": "A"}]')
    with pytest.MonkeyPatch.context() as clean:
        clean.delenv("TASKMASTER_TAG", raising=False)
        assert read_task_list(root=tmp_path, tasks=None, tag=None, environ={}).source == "tasks/tasks.json"


def test_an_origin_names_kind_and_path(tmp_path: Path) -> None:
    place = write(tmp_path, "plan.txt", "- {id: 1, title: A}\n")
    for origin in (f"yaml:{place}", f"{write(tmp_path, 'plan.yml', place.read_text())}"):
        assert edges(listed(tmp_path, origin)) == {"1": []}
    write(tmp_path, PLACES["kiro"], "- [ ] 1. A\n")
    assert listed(tmp_path, f"kiro:{tmp_path}/.kiro/specs/login").tag == "login"
    usual = read_task_list(root=tmp_path, tasks=None, tag=None, usual="yaml:plan.txt", environ={})
    assert usual.source == "plan.txt"
    kept = read_task_list(
        root=tmp_path, tasks=None, tag=None, kept_list=PLACES["kiro"], usual="csv", environ={}
    )
    assert kept.source == PLACES["kiro"]
    for origin, code in (
        ("jira", "usage"),
        ("csv", "no-task-list"),
        ("backlog:-", "usage"),
        ("yaml:no.yaml", "no-task-list"),
    ):
        assert failure(tmp_path, origin).code == code
