#!/usr/bin/env python3
"""Cuts GitHub's OpenAPI description down to what the emulator answers, as plain JSON Schema.

    scripts/cut_openapi.py [--package FILE.tgz]

Fetches the npm package @octokit/openapi (MIT; 29 MB) with `npm pack` unless it is given, and writes
fixtures/github/openapi-cut.json: `source`, `operations` ("METHOD /path": docs, request, responses), the
`schemas` that they use, and the description's own `examples`. OpenAPI 3.0 becomes JSON Schema 2020-12
(`nullable`, boolean exclusive bounds), and objects are closed: an answer with a key that GitHub does not
describe is as wrong as one without a key that it requires.
"""

import argparse
import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/openapi@23.0.2"
DESCRIPTION = "package/generated/api.github.com.json"
TARGET = Path(__file__).parents[1] / "fixtures" / "github" / "openapi-cut.json"

OPERATIONS = """
GET    /user
GET    /rate_limit
GET    /meta
GET    /app
POST   /app/installations/{installation_id}/access_tokens
GET    /repos/{owner}/{repo}/installation
GET    /repos/{owner}/{repo}
GET    /repos/{owner}/{repo}/pulls
POST   /repos/{owner}/{repo}/pulls
GET    /repos/{owner}/{repo}/pulls/{pull_number}
PATCH  /repos/{owner}/{repo}/pulls/{pull_number}
GET    /repos/{owner}/{repo}/pulls/{pull_number}/commits
GET    /repos/{owner}/{repo}/pulls/{pull_number}/files
GET    /repos/{owner}/{repo}/pulls/{pull_number}/merge
PUT    /repos/{owner}/{repo}/pulls/{pull_number}/merge
PUT    /repos/{owner}/{repo}/pulls/{pull_number}/merge-async
GET    /repos/{owner}/{repo}/pulls/{pull_number}/merge-async/{uuid}
PUT    /repos/{owner}/{repo}/pulls/{pull_number}/update-branch
GET    /repos/{owner}/{repo}/pulls/{pull_number}/reviews
POST   /repos/{owner}/{repo}/pulls/{pull_number}/reviews
GET    /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers
POST   /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers
GET    /repos/{owner}/{repo}/issues
GET    /repos/{owner}/{repo}/issues/{issue_number}
GET    /repos/{owner}/{repo}/issues/{issue_number}/sub_issues
GET    /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by
GET    /repos/{owner}/{repo}/milestones
GET    /repos/{owner}/{repo}/commits/{ref}
GET    /repos/{owner}/{repo}/commits/{ref}/status
GET    /repos/{owner}/{repo}/commits/{ref}/statuses
GET    /repos/{owner}/{repo}/commits/{ref}/check-runs
GET    /repos/{owner}/{repo}/commits/{ref}/check-suites
GET    /repos/{owner}/{repo}/commits/{commit_sha}/pulls
POST   /repos/{owner}/{repo}/statuses/{sha}
POST   /repos/{owner}/{repo}/check-runs
PATCH  /repos/{owner}/{repo}/check-runs/{check_run_id}
GET    /repos/{owner}/{repo}/compare/{basehead}
GET    /repos/{owner}/{repo}/branches
GET    /repos/{owner}/{repo}/branches/{branch}
GET    /repos/{owner}/{repo}/branches/{branch}/protection
PUT    /repos/{owner}/{repo}/branches/{branch}/protection
DELETE /repos/{owner}/{repo}/branches/{branch}/protection
GET    /repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks
GET    /repos/{owner}/{repo}/rules/branches/{branch}
POST   /repos/{owner}/{repo}/merges
GET    /repos/{owner}/{repo}/git/ref/{ref}
GET    /repos/{owner}/{repo}/git/matching-refs/{ref}
POST   /repos/{owner}/{repo}/git/refs
PATCH  /repos/{owner}/{repo}/git/refs/{ref}
DELETE /repos/{owner}/{repo}/git/refs/{ref}
GET    /repos/{owner}/{repo}/git/commits/{commit_sha}
GET    /repos/{owner}/{repo}/issues/{issue_number}/comments
POST   /repos/{owner}/{repo}/issues/{issue_number}/comments
PATCH  /repos/{owner}/{repo}/issues/comments/{comment_id}
DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}
POST   /repos/{owner}/{repo}/issues/{issue_number}/labels
DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}
"""

COMPONENTS = "#/components/schemas/"
PROSE = {"description", "summary", "title", "example", "examples", "externalDocs", "xml", "discriminator"}
DROPPED = PROSE | {"nullable", "readOnly", "writeOnly", "deprecated"}
VERBATIM = {"enum", "required", "default", "const"}
COMBINATORS = ("allOf", "anyOf", "oneOf")
Schema = dict[str, Any]


def to_json_schema(node: Any, *, closed: bool) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema 2020-12; `closed` forbids undescribed keys."""
    if isinstance(node, list):
        return [to_json_schema(part, closed=closed) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        # In OpenAPI 3.0 whatever stands beside a $ref is ignored.
        return {"$ref": node["$ref"].replace(COMPONENTS, "#/schemas/")}
    schema: Schema = {}
    for name, value in node.items():
        if name in DROPPED or name.startswith("x-"):
            continue
        if name in VERBATIM:
            schema[name] = value
        elif name == "properties":
            # The keys are names of properties here, never keywords.
            schema[name] = {key: to_json_schema(part, closed=closed) for key, part in value.items()}
        else:
            # A closed part of an `allOf` would forbid what the other parts describe.
            schema[name] = to_json_schema(value, closed=closed and name != "allOf")
    _convert_bounds(schema)
    if closed:
        _close(schema)
    return _nullable(schema) if node.get("nullable") else schema


def _convert_bounds(schema: Schema) -> None:
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive):
            schema[exclusive] = schema.pop(bound)


def _close(schema: Schema) -> None:
    combined = any(name in schema for name in COMBINATORS)
    if "allOf" in schema:
        schema["unevaluatedProperties"] = False
    elif schema.get("type") == "object" and "properties" in schema and not combined:
        schema.setdefault("additionalProperties", False)


def _nullable(schema: Schema) -> Schema:
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if any(name in schema for name in COMBINATORS) or "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]} if schema else schema
    schema["type"] = [schema["type"], "null"]
    return schema


def references(node: Any) -> list[str]:
    """The names of the components that a schema refers to."""
    if isinstance(node, list):
        return [name for part in node for name in references(part)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].rpartition("/")[2]] if isinstance(node.get("$ref"), str) else []
    return own + [name for part in node.values() for name in references(part)]


def parts_of_compositions(node: Any) -> set[str]:
    """The components that are combined with others by `allOf`: they have to stay open."""
    if isinstance(node, list):
        return {name for part in node for name in parts_of_compositions(part)}
    if not isinstance(node, dict):
        return set()
    own = {part["$ref"].rpartition("/")[2] for part in node.get("allOf", []) if "$ref" in part}
    return own | {name for part in node.values() for name in parts_of_compositions(part)}


class Cutter:
    """One cut: collects the components that the operations need."""

    def __init__(self, description: Schema) -> None:
        self._description = description
        self._components = description["components"]["schemas"]
        self._open: set[str] = set()
        self._wanted: list[str] = []

    def cut(self, operations: list[str]) -> Schema:
        """The cut of these operations."""
        # The first round only finds out which components are used, and which of them as parts of others.
        self._open = parts_of_compositions(self._round(operations))
        return self._round(operations)

    def _round(self, operations: list[str]) -> Schema:
        cut: Schema = {"operations": {}, "schemas": {}, "examples": {}}
        for line in operations:
            method, path = line.split()
            described = self._description["paths"][path][method.lower()]
            key = f"{method} {path}"
            cut["operations"][key] = self._operation(described)
            examples = self._examples(described)
            if examples:
                cut["examples"][key] = examples
        while self._wanted:
            name = self._wanted.pop()
            if name not in cut["schemas"]:
                cut["schemas"][name] = self._schema(self._components[name], closed=name not in self._open)
        return cut

    def _operation(self, described: Schema) -> Schema:
        operation: Schema = {"docs": described.get("externalDocs", {}).get("url"), "responses": {}}
        body = described.get("requestBody", {})
        content = body.get("content", {}).get("application/json")
        if content is not None:
            schema = self._schema(content["schema"], closed=True)
            operation["request"] = {"required": body.get("required", False), "schema": schema}
        for status, response in described["responses"].items():
            answer = self._json_content(response) or {}
            known = "schema" in answer
            operation["responses"][status] = self._schema(answer["schema"], closed=True) if known else None
        return operation

    def _examples(self, described: Schema) -> Schema:
        found: Schema = {}
        for status, response in described["responses"].items():
            content = self._json_content(response) or {}
            for name, example in content.get("examples", {}).items():
                found.setdefault(status, {})[name] = self._resolve(example).get("value")
        return found

    def _json_content(self, response: Schema) -> Schema | None:
        content: dict[str, Schema] = self._resolve(response).get("content", {})
        return content.get("application/json") or next(iter(content.values()), None)

    def _resolve(self, node: Schema) -> Schema:
        if "$ref" not in node:
            return node
        found: Any = self._description
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        resolved: Schema = found
        return resolved

    def _schema(self, node: Schema, *, closed: bool) -> Schema:
        schema: Schema = to_json_schema(node, closed=closed)
        self._wanted += references(schema)
        return schema


def fetch(directory: Path) -> Path:
    """Downloads the package with npm, and returns its archive."""
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=directory, check=True)
    return next(directory.glob("*.tgz"))


def read_package(archive: Path) -> tuple[bytes, str]:
    """The description in the package's archive, and the package's version."""
    with tarfile.open(archive) as package:
        description, manifest = package.extractfile(DESCRIPTION), package.extractfile("package/package.json")
        if description is None or manifest is None:
            raise SystemExit(f"{archive} is not the package @octokit/openapi.")
        return description.read(), json.load(manifest)["version"]


def render(cut: Schema) -> str:
    """One line for each operation, schema and example, so that a new version can be compared with the old."""
    lines = []
    for section in sorted(cut):
        entries = (f"{json.dumps(key)}:{_compact(cut[section][key])}" for key in sorted(cut[section]))
        lines.append(f"{json.dumps(section)}:{{\n" + ",\n".join(entries) + "\n}")
    return "{" + ",\n".join(lines) + "}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def main() -> None:
    """Regenerates the vendored cut."""
    parser = argparse.ArgumentParser(description="Regenerates fixtures/github/openapi-cut.json.")
    parser.add_argument(
        "--package", type=Path, help="the archive of the npm package, when it is here already"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        raw, version = read_package(options.package or fetch(Path(directory)))
    cut = Cutter(json.loads(raw)).cut(OPERATIONS.strip().splitlines())
    cut["source"] = {
        "package": "@octokit/openapi",
        "version": version,
        "file": DESCRIPTION.removeprefix("package/"),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "license": "MIT, see LICENSE-octokit-openapi",
    }
    TARGET.write_text(render(cut), encoding="utf-8")
    print(f"{TARGET}: {len(cut['operations'])} operations, {len(cut['schemas'])} schemas")


if __name__ == "__main__":
    main()
