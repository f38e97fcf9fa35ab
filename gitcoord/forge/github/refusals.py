"""Classifies GitHub's refusals to merge or open pull requests, by substring. An unknown sentence is final.

Pure.

The status is not enough: 405 can be a conflict, a missing review, a disabled method, or a moved base.

GitHub's error answers have a `message`, and with status 422 `errors`, whose `code` is `custom` for nearly all
refusals (https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api). GraphQL errors have a
`type`, which is `UNPROCESSABLE` for nearly all. So only the sentence distinguishes refusals. Only this module
reads sentences, and turns them into kinds (`errors` reads those about rate limits).
"""

from typing import Literal

from gitcoord.forge.pull_requests import Method, RefusalKind

_RULESET_TITLE = "Repository rule violations found"

# The first match decides. GitHub has sent these sentences; it documents few of them.
_MERGE_SENTENCES: tuple[tuple[str, RefusalKind], ...] = (
    ("head branch was modified", "head-moved"),
    ("base branch was modified", "retry"),
    ("merge already in progress", "retry"),
    ("head branch is out of date", "outdated"),
    ("merge queue", "queue"),
    ("are not allowed on this repository", "not-allowed"),
    ("not authorized to push", "not-allowed"),
    ("resource not accessible", "not-allowed"),
    ("archived", "not-allowed"),
    ("pull request is closed", "closed"),
    ("already exists for this pull request", "retry"),
    # These concern one branch: the run continues with the others.
    ("verified signatures", "unfit"),
    ("cannot be automatically signed", "unfit"),
    ("commit message must", "unfit"),
    ("must not contain merge commits", "unfit"),
    ("can't be rebased", "unfit"),
    ("still a draft", "gate"),
    ("required status check", "gate"),
    ("approving review", "gate"),
    ("changes have been requested", "gate"),
    ("review is required", "gate"),
    ("conversations must be resolved", "gate"),
    ("conversation must be resolved", "gate"),
    ("comments must be resolved", "gate"),
    ("required deployment", "gate"),
    ("not mergeable", "conflict"),
    ("merge conflict", "conflict"),
)
_STRONGEST_FIRST: tuple[RefusalKind, ...] = (
    "not-allowed",
    "unknown",
    "unfit",
    "gate",
    "queue",
    "outdated",
    "conflict",
    "head-moved",
    "retry",
)


def merge_refusal(status: int, message: str) -> RefusalKind:
    """Returns the kind of a refused merge."""
    if message.startswith(_RULESET_TITLE):
        lines = [line for line in message.removeprefix(_RULESET_TITLE).splitlines() if line.strip()]
        kinds = {_of_sentence(line) for line in lines} or {"unknown"}
        return next(kind for kind in _STRONGEST_FIRST if kind in kinds)
    kind = _of_sentence(message)
    if kind == "unknown" and status == 403:
        return "not-allowed"
    return kind


def _of_sentence(sentence: str) -> RefusalKind:
    lowered = sentence.lower().replace("’", "'")
    return next((kind for text, kind in _MERGE_SENTENCES if text in lowered), "unknown")


def is_already_open(details: tuple[str, ...]) -> bool:
    """Whether a pull request could not be opened because one is already open."""
    return any("pull request already exists" in detail.lower() for detail in details)


_NEVER_OPENED = ("resource not accessible", "draft pull requests are not supported", "archived")
"""Sentences that mean that this token cannot open any pull request in this repository."""

_WAYS: tuple[tuple[str, str], ...] = (
    ("draft pull requests are not supported", "set `draft = false` under [pull-requests]"),
    (
        "github actions is not permitted",
        "allow it under Settings > Actions > General > Workflow permissions, or use a GitHub App or a "
        "personal token",
    ),
    ("archived", "unarchive the repository in its settings"),
    ("resource not accessible", "`gitcoord doctor` names the permission that the token lacks"),
    (
        "not authorized to push",
        "ask somebody who may push to the base to land it",
    ),
    ("cannot be automatically signed", "use `--method squash`"),
    ("verified signatures", "use `--method squash`, or sign the commits (`commit.gpgsign`)"),
    ("commit message must", "change that rule of the base, or merge with such a message yourself"),
    ("must not contain merge commits", "use `--method squash`"),
    ("can't be rebased", "use `--method squash` or `--method merge`"),
    ("must be resolved", "resolve the conversations of the pull request"),
)


def way_out(message: str, details: tuple[str, ...] = ()) -> str:
    """Returns a hint for a refusal; "" if none is known."""
    said = " ".join((message, *details)).lower().replace("’", "'")
    return next((way for sentence, way in _WAYS if sentence in said), "")


def other_methods(message: str, method: Method, allowed: tuple[Method, ...]) -> str:
    """Returns a hint for a refused merge method: the methods that the repository allows."""
    if "are not allowed on this repository" not in message.lower():
        return ""
    others = [f"`--method {other}`" for other in allowed if other != method]
    return f"use {' or '.join(others)}" if others else "allow a merge method in the repository's settings"


def open_refusal(status: int, message: str, details: tuple[str, ...]) -> RefusalKind:
    """Returns the kind of a refusal to open a pull request."""
    said = " ".join((message, *details)).lower()
    if "no commits between" in said:
        return "nothing-to-merge"
    if status == 403 or any(sentence in said for sentence in _NEVER_OPENED):
        return "not-allowed"
    if details in (("head invalid",), ("base invalid",)):
        # The branch is missing, or was pushed a moment ago and is not yet known to every replica.
        return "retry"
    return "unknown"


_GRAPH_SENTENCES: tuple[tuple[str, RefusalKind | Literal["already"]], ...] = (
    ("already in the queue", "already"),
    ("not in the correct state", "gate"),
    # No gate is closed: merge directly.
    ("is in clean status", "retry"),
    ("is in unstable status", "retry"),
    ("head branch was modified", "head-moved"),
    ("auto merge is not allowed", "not-allowed"),
    ("protected branch rules not configured", "not-allowed"),
    ("can't enable auto-merge", "not-allowed"),
    ("merge queue is not enabled", "not-allowed"),
    ("resource not accessible", "not-allowed"),
    ("submitted too quickly", "retry"),
)


def graph_refusal(type: str, message: str) -> RefusalKind | Literal["already"]:
    """Returns the kind of a GraphQL error."""
    lowered = message.lower().replace("’", "'")
    found = next((kind for text, kind in _GRAPH_SENTENCES if text in lowered), None)
    return found or ("not-allowed" if type == "FORBIDDEN" else "unknown")
