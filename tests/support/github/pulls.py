"""Pull requests: list, open, read, change, merge."""

from tests.support.github import mergeability, merging
from tests.support.github.call import Call, paged
from tests.support.github.exchange import Answer, ApiError, invalid, timestamp
from tests.support.github.merging import MergeCall
from tests.support.github.model import Pull
from tests.support.github.pull_shapes import full_pull, simple_pull
from tests.support.github.repository import EmulatedRepository

NO_DRAFTS = "Draft pull requests are not supported in this repository."


def list_pulls(call: Call) -> Answer:
    """Newest first; a `head` without an owner is no filter at all, as on GitHub."""
    query, repository = call.request.query, call.repository
    state, base, head = query.get("state", "open"), query.get("base"), query.get("head", "")
    found = [
        pull
        for pull in repository.pulls.values()
        if state in ("all", pull.state)
        and (not base or pull.base == base)
        and (":" not in head or head == f"{pull.fork or repository.owner}:{pull.head}")
    ]
    ascending = query.get("direction", "desc") == "asc"
    found.sort(key=lambda pull: _sort_key(query.get("sort", "created"), pull), reverse=not ascending)
    return paged(call, [simple_pull(repository, pull) for pull in found])


def _sort_key(sort: str, pull: Pull) -> tuple[str, int]:
    return (pull.updated_at if sort == "updated" else pull.created_at, pull.number)


def open_pull(call: Call) -> Answer:
    """201, or one of the 422s."""
    repository, request = call.repository, call.request
    _check_may_open(call)
    head, base = request.text("head").rpartition(":")[2], request.text("base")
    if not request.text("title"):
        raise invalid("PullRequest", code="missing_field", field="title")
    head_sha, base_sha = repository.tip(head), repository.tip(base)
    if base_sha is None:
        raise invalid("PullRequest", code="invalid", field="base")
    if head_sha is None:
        raise invalid("PullRequest", code="invalid", field="head")
    _require_first(repository, None, head, base)
    if repository.git.is_ancestor(head_sha, base_sha):
        sentence = f"No commits between {base} and {head}"
        raise invalid("PullRequest", code="custom", message=sentence)
    pull = Pull(
        number=repository.next_number(),
        title=request.text("title"),
        body=request.body.get("body"),
        head=head,
        base=base,
        head_sha=head_sha,
        base_sha=base_sha,
        draft=bool(request.body.get("draft")),
        mergeability=repository.fresh_mergeability(),
        author=call.token.login,
    )
    repository.pulls[pull.number] = pull
    repository.git.move(f"refs/pull/{pull.number}/head", head_sha)
    return Answer(201, full_pull(repository, pull, None))


def _check_may_open(call: Call) -> None:
    settings = call.repository.settings
    if call.token.is_actions and not settings.actions_open_pulls:
        raise ApiError(403, "GitHub Actions is not permitted to create or approve pull requests.")
    if call.request.body.get("draft") and not settings.drafts:
        raise ApiError(422, NO_DRAFTS)


def read_pull(call: Call) -> Answer:
    """One pull request; reading it starts finding out whether it merges."""
    pull = find(call)
    return Answer(200, full_pull(call.repository, pull, mergeability.ask(call.repository, pull)))


def change_pull(call: Call) -> Answer:
    """Changes the text, the base or the state."""
    pull, body = find(call), call.request.body or {}
    if "base" in body and body["base"] != pull.base:
        retarget(call.repository, pull, body["base"])
    if body.get("state") == "closed" and pull.state == "open":
        pull.close()
    elif body.get("state") == "open" and pull.state == "closed":
        reopen(call.repository, pull)
    pull.title = body.get("title") or pull.title
    pull.body = body.get("body", pull.body)
    pull.updated_at = timestamp()
    return Answer(200, full_pull(call.repository, pull, None))


def retarget(repository: EmulatedRepository, pull: Pull, base: str) -> None:
    """Moves a pull request to another base."""
    if pull.state == "closed":
        sentence = "Cannot change the base branch of a closed pull request."
        raise invalid("PullRequest", code="invalid", field="base", message=sentence)
    tip = repository.tip(base)
    if tip is None:
        sentence = f"Proposed base branch '{base}' was not found"
        raise invalid("PullRequest", code="invalid", field="base", message=sentence)
    _require_first(repository, pull.fork, pull.head, base, pull)
    pull.base, pull.base_sha = base, tip
    pull.auto_merge = pull.queued = None
    pull.mergeability = repository.fresh_mergeability()


def _require_first(
    repository: EmulatedRepository, fork: str | None, head: str, base: str, besides: Pull | None = None
) -> None:
    """Refuses a second open pull request of the same branches."""
    for pull in repository.pulls.values():
        same = (pull.fork, pull.head, pull.base) == (fork, head, base)
        if same and pull.state == "open" and pull is not besides:
            sentence = f"A pull request already exists for {fork or repository.owner}:{head}."
            raise invalid("PullRequest", code="custom", message=sentence)


def reopen(repository: EmulatedRepository, pull: Pull) -> None:
    """Opens a closed pull request again."""
    head, base = repository.head_tip(pull), repository.tip(pull.base)
    if pull.merged or head is None or base is None:
        sentence = f"state cannot be changed. The {pull.head} branch has been deleted."
        raise invalid("PullRequest", code="custom", message=sentence)
    _require_first(repository, pull.fork, pull.head, pull.base, pull)
    pull.state, pull.closed_at = "open", None
    pull.head_sha, pull.base_sha = head, base
    repository.git.move(f"refs/pull/{pull.number}/head", head)
    pull.mergeability = repository.fresh_mergeability()


def is_merged(call: Call) -> Answer:
    """204 when merged, 404 when not."""
    if not find(call).merged:
        raise ApiError(404, "Not Found")
    return Answer(204)


def merge_pull(call: Call) -> Answer:
    """Merges."""
    what = MergeCall.of(call.request)
    return merging.merge(call.repository, find(call), what, call.hooks, break_off=call.break_off)


def find(call: Call, name: str = "pull_number") -> Pull:
    """The pull request that the path names."""
    pull = call.repository.pulls.get(call.request.number(name))
    if pull is None:
        raise ApiError(404, "Not Found")
    return pull
