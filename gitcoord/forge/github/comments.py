"""Writes gitcoord's comments on pull requests, and sets labels, reviewers, statuses and bases.

A hidden marker identifies gitcoord's own comments, so a topic has one comment, which is edited. If two
clients write the same comment at the same time, the oldest stays.
"""

from collections.abc import Collection
from functools import cached_property
from typing import Any

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.api_types import CommentAnswer, UserAnswer
from gitcoord.forge.github.client import Accepted, Denied, Gateway, Written
from gitcoord.forge.github.pull_types import PullAnswer
from gitcoord.forge.github.transport import NoAnswer
from gitcoord.forge.pull_requests import CommitStatus

_MARKER = "<!-- gitcoord:{} -->"


class Conversation:
    """The comments, labels, reviewers, statuses and bases of one repository's pull requests."""

    def __init__(self, gateway: Gateway, full_name: str) -> None:
        self._gateway = gateway
        self._path = f"/repos/{full_name}"

    def say(self, number: int, topic: str, text: str, *, only_again: bool = False) -> None:
        """Writes gitcoord's comment about `topic` on a pull request, or edits it; deletes duplicates.

        `only_again`: only edits.
        """
        body = f"{_MARKER.format(topic)}\n{text}"
        own = self._own_comments(number, topic)
        if not own and not only_again:
            written = self._gateway.write("POST", f"{self._path}/issues/{number}/comments", {"body": body})
            own = self._own_comments(number, topic)  # another client may have written at the same time
            if not own:
                _require(written, f"the comment on pull request {number}")
        for comment in own[:1]:
            if comment.body != body:
                self._twice("PATCH", self._comment_path(comment), {"body": body}, f"comment {comment.id}")
        for comment in own[1:]:
            self._twice("DELETE", self._comment_path(comment), {}, f"comment {comment.id}", denied=(404,))

    def close(self, number: int) -> None:
        """Closes a pull request; no change if it is closed."""
        path = f"{self._path}/pulls/{number}"
        self._twice("PATCH", path, {"state": "closed"}, f"pull request {number}")

    def label(self, number: int, labels: tuple[str, ...]) -> None:
        """Adds labels to a pull request; no change if it has them."""
        if labels:
            path = f"{self._path}/issues/{number}/labels"
            self._twice("POST", path, {"labels": list(labels)}, f"the labels of pull request {number}")

    def ask_for_reviews(self, number: int, logins: tuple[str, ...], teams: tuple[str, ...] = ()) -> None:
        """Requests reviews from people and teams; no change for those already requested."""
        asked = {"reviewers": list(logins)} | ({"team_reviewers": list(teams)} if teams else {})
        if logins or teams:
            path = f"{self._path}/pulls/{number}/requested_reviewers"
            self._twice("POST", path, asked, f"the reviewers of pull request {number}")

    def set_status(self, status: CommitStatus) -> None:
        """Sets a status on a commit."""
        body = {"state": status.state, "context": status.context, "description": status.description}
        path = f"{self._path}/statuses/{status.commit}"
        self._twice("POST", path, body, f"the status {status.context} of {status.commit[:12]}")

    def retarget(self, branch: str, base: str, only: Collection[int] | None = None) -> tuple[int, ...]:
        """See `Forge.retarget`."""
        query = {"state": "open", "base": branch}
        pages = self._gateway.read_pages(f"{self._path}/pulls", tuple[PullAnswer, ...], query)
        found = (pull.number for page in pages for pull in page)
        dependents = tuple(number for number in found if only is None or number in only)
        for number in dependents:
            what = f"the base of pull request {number}"
            self._twice("PATCH", f"{self._path}/pulls/{number}", {"base": base}, what)
        return dependents

    def _own_comments(self, number: int, topic: str) -> list[CommentAnswer]:
        """Returns the comments about `topic` by one account of gitcoord, oldest first: the first one stays.

        All clients choose the same first comment, also if another client wrote it.
        """
        path = f"{self._path}/issues/{number}/comments"
        pages = self._gateway.read_pages(path, tuple[CommentAnswer, ...])
        comments = sorted((comment for page in pages for comment in page), key=lambda comment: comment.id)
        own = [one for one in comments if one.body.startswith(_MARKER.format(topic)) and self._is_own(one)]
        return [comment for comment in own if comment.user == own[0].user]

    def _comment_path(self, comment: CommentAnswer) -> str:
        return f"{self._path}/issues/comments/{comment.id}"

    def _is_own(self, comment: CommentAnswer) -> bool:
        """Whether the current account wrote the comment; anybody can write the marker.

        An installation token does not reveal its account: with such a token, the comments of all apps count,
        whose names end with `[bot]`.
        """
        if comment.user is None:
            return False
        return comment.user.login == self._login if self._login else comment.user.login.endswith("[bot]")

    @cached_property
    def _login(self) -> str:
        """The account of the token; "" if the token does not reveal it."""
        user = self._gateway.read_if_there("/user", UserAnswer, absent=(401, 403, 404))
        return user.login if user is not None else ""

    def _twice(
        self, verb: str, path: str, body: dict[str, Any], what: str, *, denied: tuple[int, ...] = ()
    ) -> None:
        """Sends an idempotent change, and sends it again if the answer was lost.

        `denied`: statuses that mean that nothing is left to change.
        """
        written = self._gateway.write(verb, path, body, denied=denied)
        if isinstance(written, NoAnswer):
            written = self._gateway.write(verb, path, body, denied=denied)
        if not (isinstance(written, Denied) and written.status in denied):
            _require(written, what)


def _require(written: Written, what: str) -> None:
    if isinstance(written, Accepted):
        return
    said = written.text if isinstance(written, Denied) else written.message
    raise GitcoordError(
        "not-changed",
        f"GitHub did not change {what}: {said}.",
        hint="Run the same command again; it continues where it stopped.",
    )
