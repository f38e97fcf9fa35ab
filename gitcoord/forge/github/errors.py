"""Makes errors about GitHub: a sentence and a hint each, without the token."""

import time
from collections.abc import Mapping

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.api_types import ErrorAnswer

_LIMIT_SENTENCES = ("rate limit exceeded", "secondary rate limit", "abuse detection", "submitted too quickly")


def is_rate_limit(status: int, message: str, headers: Mapping[str, str]) -> bool:
    """Whether a 403 or 429 means a rate limit, not a missing permission."""
    said = any(sentence in message.lower() for sentence in _LIMIT_SENTENCES)
    return said or status == 429 or headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers


def rate_limited(what: str, message: str, headers: Mapping[str, str]) -> GitcoordError:
    """Makes the error for a rate limit."""
    seconds = seconds_asked_for(headers, time.time())
    when = f"in {seconds:.0f} s" if seconds is not None else "in a few minutes"
    return GitcoordError(
        "rate-limited",
        f"GitHub's rate limit stopped {what}: {message.rstrip('.') or 'too many requests'}.",
        hint=f"Run the same command again {when}; it continues where it stopped.",
    )


def seconds_asked_for(headers: Mapping[str, str], now: float) -> float | None:
    """Returns the seconds that GitHub asks to wait; None if it does not say."""
    after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        # Add a second: clocks differ, and GitHub's has no fractions.
        return max(1.0, int(reset) - now + 1)
    return None


def unreachable(api_url: str, cause: str) -> GitcoordError:
    """Makes the error for a request that could not be sent."""
    return GitcoordError(
        "github-unreachable",
        f"GitHub at {api_url} cannot be reached: {cause}.",
        hint="Check the network, and GITHUB_API_URL if this is not the right address.",
    )


def no_answer(what: str, cause: str) -> GitcoordError:
    """Makes the error for a request for data that got no usable answer."""
    return GitcoordError(
        "github-no-answer",
        f"GitHub gave no usable answer to {what}: {cause}.",
        hint="Run the same command again; it continues where it stopped.",
    )


def about_status(status: int, what: str, error: ErrorAnswer) -> GitcoordError:
    """Makes the error for an unexpected status of 300 or more."""
    said = "; ".join(text.strip() for text in (error.message, *error.details) if text.strip())
    if status == 401:
        return GitcoordError(
            "bad-token",
            f"GitHub does not accept the token: {said or 'Bad credentials'}.",
            hint="Put a valid one into GITHUB_TOKEN or GH_TOKEN.",
        )
    if status == 403:
        return GitcoordError(
            "no-permission",
            f"GitHub does not allow {what}: {said}.",
            hint="The token needs the permissions contents: write and pull requests: write here.",
        )
    if status == 404:
        return GitcoordError(
            "not-found",
            f"GitHub does not find what {what} asks for.",
            hint="Check the repository's name, and that the token may see it: GitHub hides private ones.",
        )
    if 300 <= status < 400:
        return GitcoordError(
            "moved",
            f"GitHub redirected {what}; gitcoord follows no redirect of a request that changes something.",
            hint="The repository was probably renamed: run the command again with its new name.",
        )
    return GitcoordError(
        "github-failed",
        f"GitHub answered {status} to {what}: {said or 'no explanation'}.",
        hint="Run the same command again; if the error remains, see https://www.githubstatus.com.",
    )
