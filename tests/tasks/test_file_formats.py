"""Every shape of file gives the tasks of its tag, and the tag is never a guess."""

import json
from pathlib import Path
from typing import Any

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.tasks.reader import read_task_list
from tests.support.tasklists import task, write_tasks
from tests.tasks.conftest import ReadJson, codes, edges, read_fixture

KITCHEN = {"1": [], "2": ["1"], "3": ["1"]}
GARDEN = {"1": [], "2": ["1"]}


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("tagged.json", "master"),
        ("legacy.json", "master"),
        ("legacy-with-metadata.json", "master"),
        ("legacy-with-meta.json", "master"),
        ("legacy-with-extra.json", "master"),
        ("bare-list.json", "master"),
        ("tag-is-the-list.json", "master"),
        ("saved-reply.json", "master"),
        ("nested-tags.json", "master"),
        ("stale-nested-master.json", "master"),
        ("root-beside-tag-like.json", "master"),
        ("only-another-tag.json", "kitchen"),
    ],
)
def test_every_shape_gives_its_tasks(name: str, tag: str) -> None:
    found = read_fixture(name)
    assert (found.tag, edges(found)) == (tag, KITCHEN)


def test_a_stale_copy_of_a_tag_is_mentioned_and_never_merged() -> None:
    assert codes(read_fixture("stale-nested-master.json")) == [("stale-tasks", None)]


def test_an_empty_nested_master_does_not_hide_the_live_tags() -> None:
    with pytest.raises(GitcoordError) as caught:
        read_fixture("empty-nested-master.json")
    assert caught.value.code == "ambiguous-tag"
    assert '"kitchen" (3 tasks), "garden" (2 tasks)' in caught.value.message
    assert edges(read_fixture("empty-nested-master.json", tag="garden")) == GARDEN


def test_an_empty_root_list_does_not_hide_the_only_filled_tag(read_json: ReadJson) -> None:
    found = read_json({"tasks": [], "kitchen": {"tasks": [task(1)]}})
    assert (found.tag, edges(found)) == ("kitchen", {"1": []})


def test_the_same_ids_in_another_tag_are_other_tasks() -> None:
    assert [one.title for one in read_fixture("tagged.json", tag="garden").tasks] == [
        "Sow the beans",
        "Water the beans",
    ]


def test_a_tag_of_that_name_is_not_taken_for_a_wrapper(read_json: ReadJson) -> None:
    document = {
        "data": {"tasks": [task(1)], "metadata": {}},
        "tags": {"tasks": [task(2)], "metadata": {}},
    }
    assert edges(read_json(document, tag="data")) == {"1": []}
    assert edges(read_json(document, tag="tags")) == {"2": []}
    assert read_json({"data": {"tasks": [task(1)], "metadata": {}}}).tag == "data"


def test_tags_that_are_lists_are_all_offered(read_json: ReadJson) -> None:
    with pytest.raises(GitcoordError, match=r'"a" \(1 task\), "b" \(2 tasks\)'):
        read_json({"a": [task(1)], "b": [task(1), task(2)], "notes": ["x"]})


@pytest.mark.parametrize("document", [{"master": {"tasks": []}}, {"tasks": []}, [], {"master": []}])
def test_a_list_without_tasks_is_an_empty_list(read_json: ReadJson, document: Any) -> None:
    assert read_json(document).tasks == ()


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ({}, "neither"),
        (None, "null"),
        ('"tasks"', '"tasks"'),
        (7.5, "7.5"),
        ([1, 2], "without tasks"),
        ({"master": {"tasks": {"1": {"title": "Soup"}}}}, '`tasks` of "master" is not a list'),
        ({"tasks": "none"}, "`tasks` is not a list"),
        ({"critical_path": {"tasks": [1, 2]}}, "without tasks"),
        ({"id": 1, "title": "Soup", "subtasks": [1]}, "neither"),
        ({"tags": ["a"], "data": {"x": 1}}, "neither"),
        ({"project": "x", "userStories": [{"id": "US-001", "title": "a", "passes": False}]}, "Ralph"),
        ([{"id": "1", "title": "a", "acceptanceCriteria": [], "passes": True}], "Ralph"),
        ({"tasks": [{"id": "a1b2", "cron": "0 9 * * *", "prompt": "look"}]}, "scheduled tasks (`cron`)"),
        ({"jobs": [{"id": 1, "cron": "0 9 * * *"}], "note": "x"}, "scheduled tasks (`cron`)"),
        ({"data": {"jobs": [{"id": 1, "every": 5, "next_run": 7}]}}, "scheduled tasks (`next_run`)"),
        ({"tasks": [{"id": 1, "name": "clean", "schedule": "@daily", "command": "x"}]}, "scheduled tasks"),
        ([{"id": 1, "number": 7, "title": "Bug", "html_url": "x", "state": "open"}], "issues of GitHub"),
    ],
)
def test_what_is_no_task_list_is_refused_with_the_reason(
    read_json: ReadJson, document: Any, part: str
) -> None:
    with pytest.raises(GitcoordError) as caught:
        read_json(document)
    assert caught.value.code == "unknown-shape"
    assert part in caught.value.message


def test_a_tag_that_is_asked_for_must_exist() -> None:
    with pytest.raises(GitcoordError) as caught:
        read_fixture("tagged.json", tag="attic")
    assert caught.value.code == "no-such-tag"
    assert '"master" (3 tasks), "garden" (2 tasks)' in caught.value.message


def state(root: Path, **fields: Any) -> None:
    (root / ".taskmaster" / "state.json").write_text(json.dumps(fields))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = write_tasks(tmp_path, [])
    tags = {name: {"tasks": [task(name)], "metadata": {}} for name in ("master", "asked", "env", "state")}
    path.write_text(json.dumps(tags))
    state(tmp_path, currentTag="state")
    return tmp_path


def test_the_tag_is_asked_for_then_the_environments_then_the_states_then_master(project: Path) -> None:
    def tag(asked: str | None, **environ: str) -> str:
        return read_task_list(root=project, tasks=None, tag=asked, environ=environ).tag

    assert tag("asked", TASKMASTER_TAG="env") == "asked"
    assert tag(None, TASKMASTER_TAG="env") == "env"
    assert tag(None, TASKMASTER_TAG=" ") == "state"
    state(project, activeTag="state")
    assert tag(None) == "state"
    (project / ".taskmaster" / "state.json").unlink()
    assert tag(None) == "master"


def test_an_environments_tag_that_is_absent_is_an_error_that_says_so(project: Path) -> None:
    with pytest.raises(GitcoordError, match="TASKMASTER_TAG") as caught:
        read_task_list(root=project, tasks=None, tag=None, environ={"TASKMASTER_TAG": "gone"})
    assert caught.value.code == "no-such-tag"


def test_a_states_tag_that_is_absent_is_only_mentioned(project: Path) -> None:
    state(project, currentTag="gone")
    found = read_task_list(root=project, tasks=None, tag=None, environ={})
    assert (found.tag, codes(found)) == ("master", [("no-such-tag", None)])


@pytest.mark.parametrize("content", ["{", "", "\x00", "[" * 100_000])
def test_a_broken_state_file_is_only_mentioned(project: Path, content: str) -> None:
    (project / ".taskmaster" / "state.json").write_text(content)
    found = read_task_list(root=project, tasks=None, tag=None, environ={})
    assert (found.tag, codes(found)) == ("master", [("bad-state-file", None)])


def test_a_states_tag_that_is_empty_is_still_the_current_one(tmp_path: Path) -> None:
    path = write_tasks(tmp_path, [])
    path.write_text(json.dumps({"master": {"tasks": [task(1)]}, "next": {"tasks": []}}))
    state(tmp_path, currentTag="next")
    assert read_task_list(root=tmp_path, tasks=None, tag=None, environ={}).tag == "next"


def test_several_tags_without_a_master_have_to_be_chosen_from() -> None:
    with pytest.raises(GitcoordError) as caught:
        read_fixture("two-tags-no-master.json")
    assert caught.value.code == "ambiguous-tag"
    assert "--tag" in caught.value.hint
