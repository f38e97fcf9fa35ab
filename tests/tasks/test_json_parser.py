"""What is not JSON is told apart, with its place."""

import pytest

from gitcoord.errors import Exit, GitcoordError
from tests.tasks.conftest import ReadJson, codes, edges, read_fixture


def failure(name: str) -> GitcoordError:
    with pytest.raises(GitcoordError) as caught:
        read_fixture(name)
    assert caught.value.exit == Exit.USAGE
    return caught.value


def test_a_byte_order_mark_is_stripped() -> None:
    assert edges(read_fixture("byte-order-mark.json")) == {"1": [], "2": ["1"], "3": ["1"]}


def test_conflict_markers_are_called_by_their_name() -> None:
    error = failure("conflict-markers.json")
    assert error.code == "conflict-markers"
    assert "line 4" in error.message


def test_an_empty_file_is_called_empty() -> None:
    assert failure("empty.json").code == "empty-task-list"


@pytest.mark.parametrize(
    ("name", "place", "hint"),
    [
        ("trailing-comma.json", ":5:5 ", "comma"),
        ("raw-line-break.json", ":4:31 ", "line break"),
        ("cut-off.json", ":4:26 ", "too early"),
    ],
)
def test_broken_json_is_told_with_its_place_and_a_way_out(name: str, place: str, hint: str) -> None:
    error = failure(name)
    assert error.code == "not-json"
    assert f"{name}{place}" in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        (b" \n\t\n", "empty-task-list", "is empty"),
        (b"\xef\xbb\xbf", "empty-task-list", "is empty"),
        (b'{"tasks": [\n{"id": 1, "title": "\xe9"}]}', "not-json", "line 2"),
        ('{"tasks": []}'.encode("utf-16"), "not-json", "not UTF-8"),
        (b'{"tasks": [{"id": NaN}]}', "not-json", "NaN"),
        (b'{"tasks": [{"id": -Infinity}]}', "not-json", "-Infinity"),
        (b"[" * 100_000, "not-json", "too deeply"),
        (b'{"a":' * 100_000, "not-json", "too deeply"),
        (b'{"tasks": []} {"tasks": []}', "not-json", "extra data"),
        (b"tasks: []", "not-json", ":1:1 "),
    ],
)
def test_hostile_bytes_are_one_sentence(read_json: ReadJson, content: bytes, code: str, part: str) -> None:
    with pytest.raises(GitcoordError) as caught:
        read_json(content)
    assert caught.value.code == code
    assert part in caught.value.message


@pytest.mark.parametrize("number", ["9" * 5000, "1" * 301, "1e300", "-1"])
def test_an_absurd_number_is_no_id_and_no_traceback(read_json: ReadJson, number: str) -> None:
    with pytest.raises(GitcoordError) as caught:
        read_json(f'{{"tasks": [{{"id": {number}, "title": "Soup"}}]}}')
    assert caught.value.code == "unusable-id"


@pytest.mark.parametrize("number", ["9" * 5000, "1e300", "1e400000", "-1"])
def test_an_absurd_number_is_no_estimate_and_no_traceback(read_json: ReadJson, number: str) -> None:
    found = read_json(f'{{"tasks": [{{"id": 1, "complexity": {number}, "estimate": {number}}}]}}')
    assert (found.tasks[0].complexity, found.tasks[0].estimate) == (None, None)
    assert codes(found)[0] == ("bad-hint", "1")


def test_lists_nested_as_deeply_as_json_allows_are_no_traceback(read_json: ReadJson) -> None:
    deep = "[" * 900 + "]" * 900
    fields = ", ".join(
        f'"{name}": {deep}'
        for name in (
            "title",
            "details",
            "status",
            "priority",
            "dependencies",
            "subtasks",
            "modifies",
            "metadata",
        )
    )
    with pytest.raises(GitcoordError) as caught:
        read_json(f'{{"tasks": [{{"id": 1, {fields}}}, {{"id": {deep}}}]}}')
    assert {one.code for one in caught.value.findings} == {"dangling-dependency", "unusable-id"}


def test_a_key_that_stands_twice_in_one_object_is_mentioned(read_json: ReadJson) -> None:
    found = read_json('{"tasks": [{"id": 1, "title": "Soup", "status": "pending", "status": "done"}]}')
    assert codes(found) == [("repeated-key", None)]
    assert found.tasks[0].status == "done"
