"""Repositories and pull requests as GraphQL shows them: every field of the pruned schema."""

from typing import Any

from tests.support.github import mergeability
from tests.support.github.model import Pull, QueueEntry
from tests.support.github.repository import EmulatedRepository
from tests.support.github.rules import PASSING, latest_runs, latest_statuses, review_decision
from tests.support.github.shapes import node_id, pull_id
from tests.support.github.tokens import Token

Shape = dict[str, Any]
_MERGEABLE = {True: "MERGEABLE", False: "CONFLICTING", None: "UNKNOWN"}


def repository_shape(repository: EmulatedRepository, token: Token) -> Shape:
    """A repository; its pull requests are found when they are asked for."""
    settings = repository.settings

    def pull_request(info: object, number: int) -> Shape | None:
        pull = repository.pulls.get(number)
        return None if pull is None else pull_shape(repository, pull)

    def pull_requests(info: object, **asked: Any) -> Shape:
        found = [pull for pull in repository.pulls.values() if _matches(pull, asked)]
        first = asked.get("first")
        return {"nodes": [pull_shape(repository, pull) for pull in found[:first]]}

    return {
        "autoMergeAllowed": settings.allow_auto_merge,
        "deleteBranchOnMerge": settings.delete_branch_on_merge,
        "mergeCommitAllowed": settings.allow_merge_commit,
        "rebaseMergeAllowed": settings.allow_rebase_merge,
        "squashMergeAllowed": settings.allow_squash_merge,
        "viewerDefaultMergeMethod": "MERGE",
        "pullRequest": pull_request,
        "pullRequests": pull_requests,
    }


def _matches(pull: Pull, asked: Shape) -> bool:
    return (
        asked.get("headRefName") in (None, pull.head)
        and asked.get("baseRefName") in (None, pull.base)
        and (not asked.get("states") or _state(pull) in asked["states"])
    )


def _state(pull: Pull) -> str:
    return "MERGED" if pull.merged else pull.state.upper()


def pull_shape(repository: EmulatedRepository, pull: Pull) -> Shape:
    """A pull request."""
    mergeable = mergeability.ask(repository, pull)
    automatic = pull.auto_merge
    return {
        "id": pull_id(repository, pull.number),
        "number": pull.number,
        "state": _state(pull),
        "merged": pull.merged,
        "isDraft": pull.draft,
        "isCrossRepository": pull.fork is not None,
        "headRefName": pull.head,
        "headRefOid": pull.head_sha,
        "headRepositoryOwner": None if pull.fork_is_gone else {"login": pull.fork or repository.owner},
        "baseRefName": pull.base,
        "baseRefOid": pull.base_sha,
        "mergeable": _MERGEABLE[mergeable if pull.state == "open" else None],
        "mergeStateStatus": mergeability.mergeable_state(repository, pull, mergeable).upper(),
        "reviewDecision": review_decision(repository, pull),
        "mergeCommit": _commit(repository, pull, pull.merge_commit),
        "potentialMergeCommit": _commit(repository, pull, pull.mergeability.test_merge),
        "autoMergeRequest": automatic
        and {"enabledAt": automatic.enabled_at, "mergeMethod": automatic.method.upper()},
        "isInMergeQueue": pull.queued is not None,
        "isMergeQueueEnabled": any(rules.merge_queue for rules in repository.rules_of(pull.base)),
        "mergeQueueEntry": entry_shape(repository, pull, pull.queued),
        "timelineItems": lambda info, **asked: {"nodes": [_last_event(pull)]},
        "viewerCanEnableAutoMerge": repository.settings.allow_auto_merge,
        "viewerCanMergeAsAdmin": repository.admin,
        "viewerCanUpdateBranch": True,
        "commits": lambda info, **asked: {
            "nodes": [{"commit": _commit(repository, pull, pull.head_sha)}],
        },
    }


def _last_event(pull: Pull) -> Shape:
    """The last thing that happened to the head: a push, or what the merge queue did with it."""
    if pull.queued is not None:
        return {"__typename": "AddedToMergeQueueEvent", "createdAt": pull.queued.enqueued_at}
    if pull.thrown_out is None or pull.thrown_out[0] != pull.head_sha:
        return {"__typename": "PullRequestCommit"}
    reason = pull.thrown_out[1]
    return {"__typename": "RemovedFromMergeQueueEvent", "createdAt": pull.updated_at, "reason": reason}


def entry_shape(repository: EmulatedRepository, pull: Pull, entry: QueueEntry | None) -> Shape | None:
    """A place in the merge queue."""
    if entry is None:
        return None
    waiting = sorted(
        other.queued.id for other in repository.pulls.values() if other.queued and other.base == pull.base
    )
    return {
        "id": node_id("MQE", entry.id),
        "position": waiting.index(entry.id) + 1 if entry.id in waiting else 1,
        "state": "QUEUED",
        "enqueuedAt": entry.enqueued_at,
        "estimatedTimeToMerge": None,
        "baseCommit": _commit(repository, pull, pull.base_sha),
        "headCommit": _commit(repository, pull, entry.head_sha),
    }


def _commit(repository: EmulatedRepository, pull: Pull, sha: str | None) -> Shape | None:
    if sha is None:
        return None
    return {"oid": sha, "statusCheckRollup": lambda info: _rollup(repository, pull, sha)}


def _rollup(repository: EmulatedRepository, pull: Pull, sha: str) -> Shape | None:
    required = {check.context for rules in repository.rules_of(pull.base) for check in rules.checks}
    contexts: list[Shape] = [
        {
            "__typename": "StatusContext",
            "context": context,
            "state": state.upper(),
            "isRequired": _whether(context in required),
        }
        for context, state in latest_statuses(repository, sha).items()
    ]
    contexts += [
        {
            "__typename": "CheckRun",
            "name": run.name,
            "status": run.status.upper(),
            "conclusion": run.conclusion and run.conclusion.upper(),
            "isRequired": _whether(run.name in required),
            "checkSuite": {"app": {"databaseId": run.app}},
        }
        for run in latest_runs(repository, sha)
    ]
    if not contexts:
        return None
    passing = {"SUCCESS", *(word.upper() for word in PASSING)}
    words = {shape.get("state") or shape.get("conclusion") or "PENDING" for shape in contexts}
    state = "SUCCESS" if words <= passing else "PENDING" if words <= passing | {"PENDING"} else "FAILURE"
    return {"state": state, "contexts": lambda info, **asked: _part(contexts, **asked)}


def _whether(required: bool) -> Any:
    return lambda info, **asked: required


def _part(contexts: list[Shape], first: int | None = None, after: str | None = None, **_: Any) -> Shape:
    start = int(after or 0)
    end = len(contexts) if first is None else start + first
    more = end < len(contexts)
    return {
        "nodes": contexts[start:end],
        "totalCount": len(contexts),
        "pageInfo": {"hasNextPage": more, "endCursor": str(end) if more else None},
    }
