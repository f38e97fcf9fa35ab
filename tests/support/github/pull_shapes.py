"""The JSON bodies of pull requests, the long one and the short one of lists."""

from typing import Any

from tests.support.github.mergeability import mergeable_state
from tests.support.github.model import Pull
from tests.support.github.repository import EmulatedRepository
from tests.support.github.shapes import (
    REPO,
    fork_shape,
    label_shape,
    nested_repository,
    pull_id,
    skeleton,
    team_shape,
    user,
)


def simple_pull(repository: EmulatedRepository, pull: Pull) -> dict[str, Any]:
    """A pull request as lists have it: nothing about mergeability."""
    shape: dict[str, Any] = skeleton(f"GET {REPO}/pulls", 200, repository)[0]
    _fill(shape, repository, pull)
    return shape


def full_pull(repository: EmulatedRepository, pull: Pull, mergeable: bool | None) -> dict[str, Any]:
    """A pull request read by its number; `mergeable` None while it is being found out."""
    shape: dict[str, Any] = skeleton(f"GET {REPO}/pulls/{{pull_number}}", 200, repository)
    _fill(shape, repository, pull)
    base = repository.git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    files, added, deleted = repository.git.changes(base, pull.head_sha)
    known = pull.mergeability
    for team in shape["requested_teams"]:
        # The description has a team's parent in lists of pull requests only.
        del team["parent"]
    shape.update(
        mergeable=mergeable,
        rebaseable=None if mergeable is None else known.rebaseable,
        mergeable_state=mergeable_state(repository, pull, mergeable),
        merged=pull.merged,
        merged_by=user(repository, pull.merged_by or repository.user) if pull.merged else None,
        merge_commit_sha=pull.merge_commit or (known.test_merge if mergeable else None),
        comments=sum(comment.number == pull.number for comment in repository.comments),
        commits=repository.git.ahead_behind(pull.head_sha, base)[0],
        additions=added,
        deletions=deleted,
        changed_files=files,
    )
    return shape


def _fill(shape: dict[str, Any], repository: EmulatedRepository, pull: Pull) -> None:
    page = f"{repository.server}/{repository.full_name}/pull/{pull.number}"
    api, issue = f"{repository.api_url}/pulls/{pull.number}", f"{repository.api_url}/issues/{pull.number}"
    shape.update(
        url=api,
        id=100_000 + pull.number,
        node_id=pull_id(repository, pull.number),
        html_url=page,
        diff_url=f"{page}.diff",
        patch_url=f"{page}.patch",
        issue_url=issue,
        commits_url=f"{api}/commits",
        review_comments_url=f"{api}/comments",
        comments_url=f"{issue}/comments",
        statuses_url=f"{repository.api_url}/statuses/{pull.head_sha}",
        number=pull.number,
        state=pull.state,
        locked=False,
        active_lock_reason=None,
        title=pull.title,
        body=pull.body,
        draft=pull.draft,
        user=user(repository, pull.author),
        assignee=None,
        assignees=[],
        requested_reviewers=[user(repository, login) for login in pull.reviewers],
        requested_teams=[team_shape(repository, slug) for slug in pull.teams],
        labels=[label_shape(repository, name) for name in pull.labels],
        milestone=None,
        auto_merge=_auto_merge(repository, pull),
        created_at=pull.created_at,
        updated_at=pull.updated_at,
        closed_at=pull.closed_at,
        merged_at=pull.merged_at,
        merge_commit_sha=pull.merge_commit or pull.mergeability.test_merge,
    )
    for name, href in (
        ("self", api),
        ("html", page),
        ("issue", issue),
        ("comments", f"{issue}/comments"),
        ("review_comments", f"{api}/comments"),
        ("commits", f"{api}/commits"),
        ("statuses", f"{repository.api_url}/statuses/{pull.head_sha}"),
    ):
        shape["_links"][name]["href"] = href
    for side, ref, sha in (("head", pull.head, pull.head_sha), ("base", pull.base, pull.base_sha)):
        shape[side] = {
            "label": f"{repository.owner}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": user(repository, repository.owner),
            "repo": nested_repository(repository),
        }
    if pull.fork is not None:
        shape["head"] |= {
            "label": f"{pull.fork}:{pull.head}",
            "user": user(repository, pull.fork),
            "repo": None if pull.fork_is_gone else fork_shape(repository, pull.fork),
        }


def _auto_merge(repository: EmulatedRepository, pull: Pull) -> dict[str, Any] | None:
    if pull.auto_merge is None:
        return None
    return {
        "enabled_by": user(repository, repository.user),
        "merge_method": pull.auto_merge.method,
        "commit_title": pull.auto_merge.title or "",
        "commit_message": pull.auto_merge.message or "",
    }
