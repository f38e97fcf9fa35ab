"""GitHub's answers as typed values: only the fields that gitcoord reads, validated while they are decoded."""

import msgspec

from gitcoord.forge.pull_requests import Method
from gitcoord.redact import redact_said


class Answer(msgspec.Struct, frozen=True):
    """The base class of answers; ignores unknown keys."""


class InstallationAnswer(Answer, frozen=True):
    """`GET /repos/{owner}/{repo}/installation`."""

    id: int


class InstallationTokenAnswer(Answer, frozen=True):
    """`POST /app/installations/{id}/access_tokens`."""

    token: str
    expires_at: str


class Remark(Answer, frozen=True):
    """An answer with a message for people.

    It may quote the request, so secrets are removed while decoding.
    """

    message: str = ""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "message", redact_said(self.message))


class AsyncMergeDetails(Remark, frozen=True):
    """The details of an asynchronous merge."""

    uuid: str = ""
    sha: str = ""


class AsyncMergeAnswer(Answer, frozen=True):
    """`…/merge-async`."""

    status: str
    details: AsyncMergeDetails = AsyncMergeDetails()


class PullIdAnswer(Answer, frozen=True):
    """The id of a pull request in GraphQL."""

    node_id: str


class GraphError(Remark, frozen=True):
    """An error in a GraphQL answer; the HTTP status of such an answer is always 200."""

    type: str = ""


class GraphAnswer(Answer, frozen=True):
    """The errors of a GraphQL answer."""

    errors: tuple[GraphError, ...] = ()


class QueueEntry(Answer, frozen=True):
    """A position in the merge queue."""

    position: int


class Happening(Answer, frozen=True):
    """An event in the timeline of a pull request."""

    kind: str = msgspec.field(name="__typename")
    reason: str | None = None


class Timeline(Answer, frozen=True):
    """The newest events of a pull request."""

    nodes: tuple[Happening, ...] = ()


class QueuedPull(Answer, frozen=True, rename="camel"):
    """A pull request's position in the merge queue, its newest events, and whether its base has a queue."""

    is_merge_queue_enabled: bool = False
    merge_queue_entry: QueueEntry | None = None
    timeline_items: Timeline = Timeline()


class QueuedPulls(Answer, frozen=True, rename="camel"):
    """A repository in a GraphQL answer."""

    pull_request: QueuedPull | None = None


class PlaceData(Answer, frozen=True):
    """The `data` of a GraphQL answer."""

    repository: QueuedPulls


class PlaceAnswer(Answer, frozen=True):
    """The GraphQL answer about a pull request's position in the merge queue."""

    data: PlaceData


class RepositoryAnswer(Answer, frozen=True):
    """`GET /repos/{owner}/{repo}`; GitHub sends the merge settings only to users who may push."""

    full_name: str
    archived: bool = False
    allow_merge_commit: bool = True
    allow_squash_merge: bool = True
    allow_rebase_merge: bool = True

    @property
    def methods(self) -> tuple[Method, ...]:
        """The merge methods that the repository allows."""
        allowed: tuple[tuple[Method, bool], ...] = (
            ("merge", self.allow_merge_commit),
            ("squash", self.allow_squash_merge),
            ("rebase", self.allow_rebase_merge),
        )
        return tuple(method for method, is_allowed in allowed if is_allowed)


class CoreLimit(Answer, frozen=True):
    """The state of the primary rate limit; `reset` is in seconds since 1970."""

    limit: int
    remaining: int
    reset: int = 0


class RateLimits(Answer, frozen=True):
    """The rate limits by resource."""

    core: CoreLimit


class LimitsAnswer(Answer, frozen=True):
    """`GET /rate_limit`."""

    resources: RateLimits


class UserAnswer(Answer, frozen=True):
    """A user, such as an author or the owner of the token."""

    login: str


class MergeAnswer(Answer, frozen=True):
    """`PUT …/merge`, 200."""

    sha: str
    merged: bool


class StatusAnswer(Answer, frozen=True):
    """A commit status."""

    context: str
    state: str


class CombinedStatusAnswer(Answer, frozen=True):
    """`GET …/commits/{ref}/status`: the newest status of every context."""

    statuses: tuple[StatusAnswer, ...] = ()


class AppAnswer(Answer, frozen=True):
    """The app that reported a check run."""

    id: int


class CheckRunAnswer(Answer, frozen=True):
    """A check run."""

    name: str
    status: str
    conclusion: str | None = None
    app: AppAnswer | None = None


class CheckRunsAnswer(Answer, frozen=True):
    """`GET …/commits/{ref}/check-runs`."""

    check_runs: tuple[CheckRunAnswer, ...] = ()


class CommentAnswer(Answer, frozen=True):
    """A comment of a pull request; its author may have left GitHub."""

    id: int
    body: str = ""
    user: UserAnswer | None = None


class ReviewAnswer(Answer, frozen=True):
    """A review of a pull request; its author may have left GitHub."""

    state: str
    user: UserAnswer | None = None


class CompareAnswer(Answer, frozen=True):
    """`GET …/compare/{base}...{head}`."""

    behind_by: int


class ErrorDetail(Remark, frozen=True):
    """An error in a 422 answer."""

    code: str = ""
    field: str = ""

    @property
    def text(self) -> str:
        """The error's message, else its field and its code."""
        return self.message or " ".join(part for part in (self.field, self.code) if part)


class ErrorAnswer(Remark, frozen=True):
    """An answer with a status of 400 or more; `errors` has objects, in rare cases strings, or is a string."""

    errors: tuple[ErrorDetail | str, ...] | str = ()

    @property
    def details(self) -> tuple[str, ...]:
        """The texts of the errors."""
        if isinstance(self.errors, str):
            return (redact_said(self.errors),)
        return tuple(redact_said(error) if isinstance(error, str) else error.text for error in self.errors)
