"""The JSON schemas of documents: files, types, and the command that prints them."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from gitcoord.cli.documents.files import schema_names, schema_text
from gitcoord.cli.documents.make_schemas import document_schemas
from gitcoord.cli.views.event_json import event_text
from gitcoord.events import TaskLanded
from tests.support.cli import gitcoord
from tests.support.documents import strict_validator

ROOT = Path(__file__).parent.parent.parent


def test_the_schemas_in_the_package_are_those_of_the_types() -> None:
    wanted = document_schemas()
    assert schema_names() == list(wanted)
    stale = [name for name, schema in wanted.items() if shape(json.loads(schema_text(name))) != shape(schema)]
    assert stale == [], "write them again: python -m scripts.reference"


def shape(schema: Any) -> Any:
    """A schema without its descriptions: a release writes those again."""
    if isinstance(schema, list):
        return [shape(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    texts = isinstance(schema.get("description"), str)
    return {key: shape(value) for key, value in schema.items() if not (texts and key == "description")}


def test_every_document_that_is_printed_has_a_schema() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "gitcoord").rglob("*.py")]
    printed = {
        name for text in sources for name in re.findall(r'(?:emit_json|as_json)\(\s*"([a-z-]+)"', text)
    }
    named = {name for text in sources for name in re.findall(r"gitcoord\.([a-z-]+)/1", text)}
    assert len(printed) > 30
    assert sorted(printed | named - {"NAME"}) == sorted({*schema_names()} & (printed | named))


def test_an_event_is_as_its_schema_says() -> None:
    landed = TaskLanded(at="2026-01-02T03:04:05Z", by="ann", task="3", branch="b", head="a", commit="c")
    document = json.loads(event_text(landed))
    strict_validator("event").validate(document)
    assert not strict_validator("event").is_valid({**document, "commit": 3})


def test_a_key_that_the_schema_does_not_have_is_noticed() -> None:
    document = {"schema": "gitcoord.retry/1", "tasks": ["3"], "fresh": False, "dry_run": False}
    assert strict_validator("retry").is_valid(document)
    assert not strict_validator("retry").is_valid({**document, "more": 1})
    assert not strict_validator("retry").is_valid({key: document[key] for key in ("schema", "tasks")})


def test_a_schema_is_printed_and_what_there_is_is_listed(tmp_path: Path) -> None:
    for name in ("status", "gitcoord.status/1"):
        assert gitcoord("schema", name, cwd=tmp_path, ok=0).out == schema_text("status")
    assert list(gitcoord("schema", "--json", cwd=tmp_path, ok=0).json["documents"]) == schema_names()
    ran = gitcoord("schema", "statu", cwd=tmp_path)
    assert (ran.code, "There is no document 'statu'." in ran.err) == (2, True)


def test_a_schema_lets_later_versions_say_more() -> None:
    import jsonschema_rs

    schema = msgspec.json.decode(schema_text("retry"))
    document = {"schema": "gitcoord.retry/1", "tasks": [], "fresh": False, "dry_run": False, "later": 1}
    assert jsonschema_rs.validator_for(schema).is_valid(document)
