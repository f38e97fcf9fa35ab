"""Checks whether this token and merge method can satisfy the rules of a base."""

from collections.abc import Iterator

from gitcoord.errors import GitcoordError
from gitcoord.forge.doctor_result import Diagnosis, broken, doubtful, fine
from gitcoord.forge.github.api_types import UserAnswer
from gitcoord.forge.github.branch_rules import read_demands
from gitcoord.forge.github.client import Gateway
from gitcoord.forge.github.merge_requirements import Demands
from gitcoord.forge.pull_requests import Method
from gitcoord.text_lists import some


def examine_rules(
    gateway: Gateway,
    path: str,
    base: str,
    method: Method,
    unreadable: tuple[str, ...],
    *,
    signs: bool,
    actions: bool,
) -> Iterator[Diagnosis]:
    """Yields the requirements of `base`, and those that cannot be met.

    `unreadable` are the kinds of results (statuses, checks) that the token may not read. `signs`: git is
    configured to sign commits. `actions`: the token is that of an Actions workflow.
    """
    try:
        demands = read_demands(gateway, path, base)
    except GitcoordError as error:
        yield broken("protection", error.message, error.hint)
        return
    yield from _unreadable(demands, base, unreadable)
    yield from _refused(demands, base, method)
    yield from _signatures(demands, base, method, signs=signs)
    if actions and demands.checks:
        message = f"{base} demands checks, and GitHub starts none for pushes and pull requests by this token."
        yield broken("actions token", message, "Land with a GitHub App or a personal token.")
    yield from _movers(gateway, demands, base)
    if demands.complete:
        yield fine("protection", f"{base} demands {_described(demands)}.")
        return
    message = f"The token may not see all the rules of {base}; landing uses GitHub's own summary of them."
    yield doubtful("hidden rules", message, "Grant the token administration: read to see them.")
    yield fine("protection", f"As far as the token may see, {base} demands {_described(demands)}.")


def _unreadable(demands: Demands, base: str, unreadable: tuple[str, ...]) -> Iterator[Diagnosis]:
    for what in unreadable:
        name, hint = f"permission {what}", f"Grant the token {what}: read."
        if demands.checks:
            message = (
                f"The token may not read {what}, and {base} demands checks: gitcoord can never see them pass."
            )
            yield broken(name, message, hint)
        else:
            message = f"The token may not read {what}; {base} demands no checks, so it is not needed today."
            yield doubtful(name, message, hint)


def _refused(demands: Demands, base: str, method: Method) -> Iterator[Diagnosis]:
    if demands.merge_queue:
        message = f"{base} takes changes only from GitHub's merge queue: landing adds pull requests to it."
        hint = "Use `merge-level --wait` to wait for the queue; the queue decides on the merge method."
        yield doubtful("merge queue", message, hint)
    elif demands.linear_history and method == "merge":
        message = f"{base} must have a linear history, so merge commits are refused."
        yield broken("linear history", message, "Set `method` in gitcoord.toml to `squash` or `rebase`.")


def _signatures(demands: Demands, base: str, method: Method, *, signs: bool) -> Iterator[Diagnosis]:
    if not demands.signatures or method == "squash":
        return
    if method == "rebase":
        message = f"{base} demands signed commits, and GitHub cannot sign rebased commits."
        yield broken("signatures", message, "Set `method` in gitcoord.toml to `squash`.")
        return
    hint = "Set `method` in gitcoord.toml to `squash`, or have everybody's commits signed: `commit.gpgSign`."
    if not signs:
        message = f"{base} demands signed commits, and git does not sign them here (commit.gpgSign)."
        yield broken("signatures", message, hint)
        return
    message = f"{base} demands signed commits: every worker has to sign its commits, too."
    yield doubtful("signatures", message, hint)


def _movers(gateway: Gateway, demands: Demands, base: str) -> Iterator[Diagnosis]:
    if demands.movers is None:
        return
    user = gateway.read_if_there("/user", UserAnswer, absent=(401, 403, 404))
    if user is not None and user.login in demands.movers:
        yield fine("push restriction", f"{base} is restricted, and {user.login} may push to it.")
        return
    # Entries with a space are teams and apps; their members are not visible here.
    unclear = any(" " in one for one in demands.movers)
    who = f"Only {some(sorted(demands.movers))}" if demands.movers else "Nobody"
    if user is None or unclear:
        message = f"{who} may push to {base}; it is not known whether this token's owner is one of them."
        yield doubtful(
            "push restriction", message, "If GitHub refuses to merge, ask them to add the owner of the token."
        )
        return
    message = f"{who} may push to {base}, also by merging, and {user.login} is not among them."
    hint = f"Add {user.login} in the branch's protection, or land with the token of somebody who may."
    yield broken("push restriction", message, hint)


def _described(demands: Demands) -> str:
    parts = [f"the check {check.context}" for check in sorted(demands.checks)]
    if demands.approvals:
        parts.append(f"{demands.approvals} approval" + ("s" if demands.approvals > 1 else ""))
    if demands.up_to_date:
        parts.append("up-to-date branches")
    if demands.signatures:
        parts.append("signed commits")
    return ", ".join(parts) or "no checks and no approvals"
