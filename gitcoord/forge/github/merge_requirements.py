"""Finds the closed gates from a base's requirements and the reported results. Pure."""

from collections.abc import Iterable
from functools import partial

import msgspec

from gitcoord.forge.github.api_types import CheckRunAnswer, ReviewAnswer, StatusAnswer
from gitcoord.forge.github.commit_types import PullCommitAnswer
from gitcoord.forge.pull_requests import BEHIND, QUEUE, Gate, Method
from gitcoord.text_lists import some

_PASSING = ("success", "neutral", "skipped")


class RequiredCheck(msgspec.Struct, frozen=True, order=True):
    """A check that must pass; `app` None: any app may report it."""

    context: str
    app: int | None = None


class Demands(msgspec.Struct, frozen=True, kw_only=True):
    """The requirements of a base for pull requests.

    `complete` is False if the token cannot see all of them; then GitHub's own summary is used too.
    """

    checks: frozenset[RequiredCheck] = frozenset()
    up_to_date: bool = False
    approvals: int = 0
    merge_queue: bool = False
    linear_history: bool = False
    signatures: bool = False
    movers: frozenset[str] | None = None
    """Those who may move the base, also by merging, such as `team x`; None: everybody with write access."""
    complete: bool = True


ACTIONS_AUTHOR = "github-actions[bot]"
_NO_WORKFLOWS = (
    "it has not been reported, and will not be: GitHub starts no workflows for pull requests that the "
    "Actions token opened; close and reopen this one yourself, or land with a GitHub App or a personal token"
)


def check_gates(
    demands: Demands, statuses: Iterable[StatusAnswer], runs: Iterable[CheckRunAnswer], author: str = ""
) -> tuple[Gate, ...]:
    """Returns a gate for each required check that has not passed.

    A status and a check run with the same name must both pass. `author` is that of the pull request: GitHub
    starts no checks for pull requests that the Actions token opened
    (https://docs.github.com/actions/concepts/security/github_token), so missing checks are never reported.
    """
    states = {status.context: status.state for status in statuses}
    by_name: dict[str, list[CheckRunAnswer]] = {}
    for run in runs:
        by_name.setdefault(run.name, []).append(run)
    required = sorted(demands.checks, key=lambda check: (check.context, check.app or 0))
    gates = (
        _check_gate(check, states.get(check.context), by_name.get(check.context, []), author)
        for check in required
    )
    return tuple(gate for gate in gates if gate is not None)


def _check_gate(
    check: RequiredCheck, state: str | None, runs: list[CheckRunAnswer], author: str
) -> Gate | None:
    closed = partial(Gate, name=f"check {check.context}", check=check.context)
    if state is None and not runs and author == ACTIONS_AUTHOR:
        return closed(reason=_NO_WORKFLOWS, failed=True, final=True)
    if state is None and not runs:
        return closed(reason="it has not been reported yet")
    if check.app is not None:
        runs = [run for run in runs if run.app is not None and run.app.id == check.app]
        if not runs:
            return closed(reason=f"the app {check.app} has not reported it, and no other app may")
    if state in ("failure", "error"):
        return closed(reason=f"its status is {state}", failed=True)
    for run in runs:
        if run.status == "completed" and run.conclusion not in _PASSING:
            return closed(reason=f"it ended with {run.conclusion}", failed=True)
    if state == "pending" or any(run.status != "completed" for run in runs):
        return closed(reason="it has not ended yet")
    return None


def signature_gate(commits: Iterable[PullCommitAnswer], method: Method) -> Gate | None:
    """Returns a gate if the merge would add unsigned commits to a base that requires signatures."""
    if method == "squash":
        return None  # GitHub signs the commit that it makes.
    reason = "the base demands signed commits; GitHub cannot sign rebased commits: use `--method squash`"
    if method == "merge":
        unsigned = [commit.sha[:12] for commit in commits if not commit.commit.verification.verified]
        if not unsigned:
            return None
        reason = f"the base demands signed commits, and {some(unsigned, 3)} has no verified signature; "
        reason += "use `--method squash`, or sign the commits (`commit.gpgsign`) and submit again"
    return Gate(name="signatures", reason=reason, failed=True, final=True)


def review_gate(demands: Demands, reviews: Iterable[ReviewAnswer]) -> Gate | None:
    """Returns a gate for requested changes or missing approvals.

    A comment does not replace an earlier review by the same author.
    """
    verdicts: dict[str, str] = {}
    for review in reviews:
        if review.user is not None and review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            verdicts[review.user.login] = review.state
    objectors = sorted(login for login, state in verdicts.items() if state == "CHANGES_REQUESTED")
    if objectors:
        return Gate(name="review", reason=f"{' and '.join(objectors)} asked for changes")
    given = sum(state == "APPROVED" for state in verdicts.values())
    if given >= demands.approvals:
        return None
    return Gate(name="review", reason=f"it has {given} of {demands.approvals} required approvals")


def summary_gate(mergeable_state: str, base: str) -> Gate | None:
    """Returns a gate from GitHub's one-word summary, for rules that the token cannot see."""
    if mergeable_state == "blocked":
        return Gate(name="branch protection", reason=f"GitHub says that a rule of {base} is not met yet")
    if mergeable_state == "behind":
        return UP_TO_DATE
    return None


DRAFT = Gate(name="draft", reason="it is a draft; mark it as ready for review")
UP_TO_DATE = Gate(name=BEHIND, reason="the base demands branches that contain its newest commits")


def queue_gate(position: int | None, thrown_out: str | None) -> Gate:
    """Returns the gate of a required merge queue, with the pull request's position in it."""
    if position is not None:
        return Gate(name=QUEUE, reason=f"it is at position {position} of GitHub's queue", queue="joined")
    if thrown_out is not None:
        told = f"GitHub took it out of its queue: {thrown_out.rstrip('.')}"
        way = "push a fix, or queue it again on GitHub"
        return Gate(name=QUEUE, reason=f"{told}; {way}", failed=True)
    return Gate(name=QUEUE, reason="the base takes changes from GitHub's queue only", queue="open")
