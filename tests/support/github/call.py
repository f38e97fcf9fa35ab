"""One routed call: what an endpoint gets to work with, and answers in pages."""

import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.support.github.exchange import Answer, ApiError, Json, Request
from tests.support.github.hooks import Hooks
from tests.support.github.repository import EmulatedRepository
from tests.support.github.tokens import Token


@dataclass(frozen=True)
class Call:
    """A request to a repository; `break_off` asks a merge to stop half-way."""

    repository: EmulatedRepository
    request: Request
    hooks: Hooks
    token: Token
    break_off: bool = False

    @property
    def may_push(self) -> bool:
        """Whether its token may change the contents."""
        return self.token.has("contents", "write")


Endpoint = Callable[[Call], Answer]


def page(call: Call, items: Sequence[Json]) -> tuple[list[Json], dict[str, str]]:
    """The asked-for part of a list, and the Link header that leads to the others."""
    size = min(_positive(call.request, "per_page", 30), 100)
    number = _positive(call.request, "page", 1)
    last = max(1, -(-len(items) // size))
    links = [_link(call, number - 1, "prev")] if number > 1 else []
    if number < last:
        links += [_link(call, number + 1, "next"), _link(call, last, "last")]
    if number > 1:
        links.append(_link(call, 1, "first"))
    headers = {"Link": ", ".join(links)} if links else {}
    return list(items[(number - 1) * size : number * size]), headers


def paged(call: Call, items: Sequence[Json]) -> Answer:
    """A list, in pages."""
    part, headers = page(call, items)
    return Answer(200, part, headers)


def _link(call: Call, number: int, relation: str) -> str:
    """GitHub's links name the repository by its id, never by its name."""
    rest = call.request.path.split("/", 4)[4]
    query = urllib.parse.urlencode({**call.request.query, "page": str(number)})
    url = f"{call.repository.server}{call.request.prefix}/repositories/{call.repository.id}/{rest}?{query}"
    return f'<{url}>; rel="{relation}"'


def _positive(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return max(1, int(text)) if text.isdigit() else default


def known_commit(call: Call, name: str) -> str:
    """The commit that a placeholder names; a 422 with GitHub's sentence otherwise."""
    text = call.request.params[name]
    sha = call.repository.git.commit_named(text)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {text}")
    return sha
