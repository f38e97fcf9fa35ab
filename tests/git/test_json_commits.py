"""Documents kept as commits: any text survives, equal ones differ, and foreign commits are told."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitcoord.git.json_commits import decode, encode, read_documents, write_document
from gitcoord.git.locate_repository import locate
from gitcoord.git.repository import Repository
from tests.support.laws import tries
from tests.support.repos import Repo


class Note(msgspec.Struct, frozen=True):
    text: str


# Lone surrogates too: bytes of paths that are not UTF-8 look like that.
ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return locate(Repo.create(tmp_path_factory.mktemp("notes") / "repo").path).open()


@given(ANY_TEXT)
def test_a_value_survives_its_encoding(text: str) -> None:
    body = encode(Note(text))
    assert b"\n" not in body
    assert decode(body, Note) == Note(text)


@given(ANY_TEXT)
@settings(max_examples=tries(15), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_document_survives_its_commit(repository: Repository, text: str) -> None:
    written = write_document(repository, text, encode(Note(text)), None)
    (document,) = read_documents(repository.git, [written.commit])
    assert decode(document.body, Note) == Note(text)
    assert document == written
    assert "\n" not in document.subject


@pytest.mark.parametrize(
    "body", [None, b"", b"{", b"[]", b"{}", b'{"text": 1}', b'{"text": "\xff"}', b"[" * 100_000]
)
def test_what_is_no_such_value_is_none(body: bytes | None) -> None:
    assert decode(body, Note) is None


def test_the_same_document_written_twice_makes_two_commits(repository: Repository) -> None:
    body = encode(Note("same"))
    made = [write_document(repository, "s", body, None).commit for _ in range(2)]
    assert made[0] != made[1]


def test_documents_come_oldest_first_or_newest_only(repository: Repository) -> None:
    first = write_document(repository, "one", encode(Note("1")), None).commit
    second = write_document(repository, "two", encode(Note("2")), first).commit
    other = write_document(repository, "other", encode(Note("o")), None).commit
    assert [found.commit for found in read_documents(repository.git, [second])] == [first, second]
    newest = read_documents(repository.git, [second, other], newest_only=True)
    assert {found.subject for found in newest} == {"two", "other"}
    assert read_documents(repository.git, []) == []


def test_a_commit_of_somebody_else_has_no_body(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    tip = repo.commit({"a": "a"}, "a change\n\nwith words")
    (document,) = read_documents(locate(repo.path).open().git, [tip])
    assert (document.subject, document.body) == ("a change", None)
