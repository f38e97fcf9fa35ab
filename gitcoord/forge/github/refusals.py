"""What GitHub's refusals to merge or to open mean. Pure; by substring, and an unknown sentence fails closed.

The status alone says nothing: 405 is a conflict, a missing review, a method that is switched off, or the
base having moved.

GitHub's error answers have a `message`, and at 422 `errors` whose `code` is `custom` for nearly all of these
(https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api). GraphQL's have a `type`, which
is `UNPROCESSABLE` for them. So the sentence is all that tells refusals apart. It is read here, once, and
becomes a kind; no other module looks at it.
"""

from typing import Literal

from gitcoord.forge.pull_requests import Method, RefusalKind

_RULESET_TITLE = "Repository rule violations found"

# In this order: the first match decides. Sentences as GitHub has answered them; it documents few of them.
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
    # These are about one branch alone: the run goes on with the others.
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
    """The kind of a refused merge."""
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
    """Whether a pull request could not be opened because there is one."""
    return any("pull request already exists" in detail.lower() for detail in details)


_NEVER_OPENED = ("resource not accessible", "draft pull requests are not supported", "archived")
"""What is said of no pull request that this token may open here, whatever it holds."""

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
        "let somebody land it who may push to the base",
    ),
    ("cannot be automatically signed", "use `--method squash`"),
    ("verified signatures", "use `--method squash`, or sign the commits (`commit.gpgsign`)"),
    ("commit message must", "change that rule of the base, or merge by hand with such a message"),
    ("must not contain merge commits", "use `--method squash`"),
    ("can't be rebased", "use `--method squash` or `--method merge`"),
    ("must be resolved", "resolve the conversations of the pull request"),
)


def way_out(message: str, details: tuple[str, ...] = ()) -> str:
    """What would open what GitHub refused; "" when it is not known."""
    said = " ".join((message, *details)).lower().replace("’", "'")
    return next((way for sentence, way in _WAYS if sentence in said), "")


def other_methods(message: str, method: Method, allowed: tuple[Method, ...]) -> str:
    """What would open the refusal of a merge method: the others that the repository allows."""
    if "are not allowed on this repository" not in message.lower():
        return ""
    others = [f"`--method {other}`" for other in allowed if other != method]
    return f"use {' or '.join(others)}" if others else "allow a merge method in the repository's settings"


def open_refusal(status: int, message: str, details: tuple[str, ...]) -> RefusalKind:
    """The kind of a pull request that could not be opened."""
    said = " ".join((message, *details)).lower()
    if "no commits between" in said:
        return "nothing-to-merge"
    if status == 403 or any(sentence in said for sentence in _NEVER_OPENED):
        return "not-allowed"
    if details in (("head invalid",), ("base invalid",)):
        # Missing, or pushed a moment ago and not yet known everywhere.
        return "retry"
    return "unknown"


_UPDATE_SENTENCES: tuple[tuple[str, RefusalKind], ...] = (
    ("no new commits on the base", "nothing-to-merge"),
    ("merge conflict", "conflict"),
    ("expected head sha", "head-moved"),
    ("resource not accessible", "not-allowed"),
)


def update_refusal(status: int, message: str) -> RefusalKind:
    """The kind of a branch that GitHub did not bring up to date."""
    lowered = message.lower()
    found = next((kind for text, kind in _UPDATE_SENTENCES if text in lowered), None)
    return found or ("not-allowed" if status == 403 else "unknown")


_REF_SENTENCES: tuple[tuple[str, RefusalKind | Literal["already", "gone"]], ...] = (
    ("reference already exists", "already"),
    ("reference does not exist", "gone"),
    ("reference update failed", "retry"),
    ("not a fast forward", "head-moved"),
    ("object does not exist", "retry"),
    ("protected branch", "not-allowed"),
    ("rule violations found", "not-allowed"),
    ("resource not accessible", "not-allowed"),
)


def ref_refusal(status: int, message: str) -> RefusalKind | Literal["already", "gone"]:
    """The kind of a ref that was not made, moved or deleted; a commit that is not there yet is a retry."""
    lowered = message.lower()
    found = next((kind for text, kind in _REF_SENTENCES if text in lowered), None)
    return found or ("not-allowed" if status == 403 else "unknown")


_GRAPH_SENTENCES: tuple[tuple[str, RefusalKind | Literal["already"]], ...] = (
    ("already in the queue", "already"),
    ("not in the correct state", "gate"),
    # Nothing is in the way: merging is what is left to do.
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
    """The kind of a GraphQL error."""
    lowered = message.lower().replace("’", "'")
    found = next((kind for text, kind in _GRAPH_SENTENCES if text in lowered), None)
    return found or ("not-allowed" if type == "FORBIDDEN" else "unknown")
