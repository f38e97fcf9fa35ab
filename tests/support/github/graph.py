"""GraphQL: documents executed against GitHub's own schema, so that a wrong field fails as it does there."""

import functools
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from tests.support.github import background, graph_changes
from tests.support.github.exchange import Answer, Json
from tests.support.github.graph_errors import GraphError
from tests.support.github.graph_shapes import repository_shape
from tests.support.github.tokens import Token

if TYPE_CHECKING:
    from tests.support.github.emulator import GitHubEmulator

SCHEMA = Path(__file__).parents[3] / "fixtures" / "github" / "schema.graphql"


def answer(hub: "GitHubEmulator", token: Token, body: Json) -> Answer:
    """Always 200; what went wrong stands in `errors`."""
    with ExitStack() as locks:
        for repository in hub.repositories.values():
            locks.enter_context(repository.lock)
            background.progress(repository, hub.hooks)
        result = graphql_sync(
            _schema(),
            str(body.get("query", "")),
            root_value=_root(hub, token),
            variable_values=body.get("variables"),
            operation_name=body.get("operationName"),
        )
    told: dict[str, Any] = {"data": result.data}
    if result.errors:
        told["errors"] = [_error(error) for error in result.errors]
    return Answer(200, told)


@functools.cache
def _schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text(encoding="utf-8"))


def _error(error: GraphQLError) -> Mapping[str, Any]:
    shape: dict[str, Any] = {"message": error.message}
    if isinstance(error.original_error, GraphError):
        shape["type"] = error.original_error.type
    if error.path:
        shape["path"] = error.path
    if error.locations:
        shape["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return shape


def _root(hub: "GitHubEmulator", token: Token) -> dict[str, Any]:
    def repository(info: object, owner: str, name: str, followRenames: bool = True) -> dict[str, Any]:  # noqa: N803
        full_name = f"{owner}/{name}"
        found = hub.find(full_name) or (hub.moved_to(full_name) if followRenames else None)
        if found is None:
            message = f"Could not resolve to a Repository with the name '{full_name}'."
            raise GraphError("NOT_FOUND", message)
        return repository_shape(found, token)

    def rate_limit(info: object, dryRun: bool = False) -> dict[str, Any]:  # noqa: N803
        return {"cost": 1, "remaining": hub.limit.remaining, "resetAt": "2999-01-01T00:00:00Z"}

    return {"repository": repository, "rateLimit": rate_limit, **graph_changes.mutations(hub, token)}
