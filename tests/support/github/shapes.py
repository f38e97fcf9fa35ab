"""JSON bodies: the description's own examples as skeletons, overwritten with what is true here."""

import functools
import json
from typing import Any
from urllib.parse import quote

from tests.support.github.model import CheckRun, Comment, Review, Status
from tests.support.github.repository import EmulatedRepository
from tests.support.github.validation import Description

REPO = "/repos/{owner}/{repo}"
_ANALYSES = ("dependabot_security_updates", "secret_scanning", "secret_scanning_push_protection")
_OTHER_SETTINGS = {
    "allow_update_branch": False,
    "custom_properties": {},
    "security_and_analysis": {name: {"status": "disabled"} for name in _ANALYSES},
    "use_squash_pr_title_as_default": False,
    "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
    "squash_merge_commit_message": "COMMIT_MESSAGES",
}
_OTHER_SETTINGS |= {"merge_commit_title": "MERGE_MESSAGE", "merge_commit_message": "PR_TITLE"}


def skeleton(operation: str, status: int, repository: EmulatedRepository) -> Any:
    """A fresh copy of the description's example, with this repository's name and addresses."""
    return json.loads(_skeleton_text(operation, status, repository.full_name, repository.server))


def server_skeleton(operation: str, status: int, server: str) -> Any:
    """The same for an answer that belongs to no repository."""
    return json.loads(_skeleton_text(operation, status, "octocat/Hello-World", server))


@functools.cache
def _skeleton_text(operation: str, status: int, full_name: str, server: str) -> str:
    text = json.dumps(Description.load().example(operation, status))
    for host in ("https://api.github.com", "https://github.com", "http://api.github.com"):
        text = text.replace(host, server)
    for name in ("octocat/Hello-World", "octocat/example", "github/hello-world", "octo-org/octo-repo"):
        text = text.replace(name, full_name)
    return text


def node_id(kind: str, number: int) -> str:
    """An opaque id as GraphQL uses it."""
    return f"{kind}_kwDO{number:06d}"


def pull_id(repository: EmulatedRepository, number: int) -> str:
    """The id of a pull request in GraphQL."""
    return node_id("PR", repository.id * 10_000 + number)


def user(repository: EmulatedRepository, login: str) -> dict[str, Any]:
    """A user as it stands inside other bodies."""
    text = json.dumps(skeleton(f"GET {REPO}", 200, repository)["owner"]).replace("octocat", login)
    shape: dict[str, Any] = json.loads(text)
    number = sum(login.encode())
    kind = "Bot" if login.endswith("[bot]") else "User"
    shape.update(login=login, id=number, node_id=node_id("U", number), user_view_type="public", type=kind)
    return shape


def repository_shape(repository: EmulatedRepository, *, push: bool = True) -> dict[str, Any]:
    """`GET /repos/{owner}/{repo}`."""
    shape: dict[str, Any] = skeleton(f"GET {REPO}", 200, repository)
    for name in ("organization", "parent", "source", "template_repository"):
        shape.pop(name, None)
    settings = repository.settings
    shape.update(
        allow_merge_commit=settings.allow_merge_commit,
        allow_squash_merge=settings.allow_squash_merge,
        allow_rebase_merge=settings.allow_rebase_merge,
        delete_branch_on_merge=settings.delete_branch_on_merge,
        allow_auto_merge=settings.allow_auto_merge,
        archived=settings.archived,
        **_OTHER_SETTINGS,
        open_issues=sum(pull.state == "open" for pull in repository.pulls.values()),
        **_identity(repository),
    )
    if repository.is_of_organization:
        shape["organization"] = {**shape["owner"], "type": "Organization"}
    if not push and repository.habits.merge_settings == "with push":
        for name in ("allow_merge_commit", "allow_squash_merge", "allow_rebase_merge", "allow_auto_merge"):
            del shape[name]
    if not push:
        shape["permissions"] = {**dict.fromkeys(shape["permissions"], False), "pull": True}
    return shape


def nested_repository(repository: EmulatedRepository) -> dict[str, Any]:
    """A repository as it stands inside a pull request."""
    shape: dict[str, Any] = skeleton(f"GET {REPO}/pulls/{{pull_number}}", 200, repository)["base"]["repo"]
    shape.update(_identity(repository))
    return shape


def fork_shape(repository: EmulatedRepository, owner: str) -> dict[str, Any]:
    """A fork of a repository, as it stands at the head of a pull request."""
    name = repository.full_name.split("/")[1]
    number = repository.id + sum(owner.encode())
    return {
        **nested_repository(repository),
        "id": number,
        "node_id": node_id("R", number),
        "full_name": f"{owner}/{name}",
        "owner": user(repository, owner),
        "clone_url": f"{repository.server}/{owner}/{name}.git",
        "fork": True,
    }


def _identity(repository: EmulatedRepository) -> dict[str, Any]:
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.full_name.split("/")[1],
        "full_name": repository.full_name,
        "owner": user(repository, repository.owner),
        "private": True,
        "language": None,
        "is_template": False,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "visibility": "private",
        "default_branch": repository.default_branch,
        "clone_url": repository.clone_url,
        "permissions": {
            "admin": repository.admin,
            "maintain": True,
            "push": True,
            "triage": True,
            "pull": True,
        },
    }


def commit_shape(repository: EmulatedRepository, sha: str) -> dict[str, Any]:
    """A commit of the repository."""
    commit = repository.git.commit(sha)
    shape: dict[str, Any] = skeleton(f"GET {REPO}/branches/{{branch}}", 200, repository)["commit"]
    own_user = user(repository, repository.owner)
    url, page = f"{repository.api_url}/commits/{sha}", f"{repository.server}/{repository.full_name}/commit"
    shape.update(
        sha=sha,
        url=url,
        html_url=f"{page}/{sha}",
        comments_url=f"{url}/comments",
        author=own_user,
        committer=own_user,
        parents=[
            {"sha": parent, "url": f"{repository.api_url}/commits/{parent}", "html_url": f"{page}/{parent}"}
            for parent in map(str, commit.parent_ids)
        ],
    )
    shape["commit"].update(
        message=commit.message,
        tree={"sha": str(commit.tree_id), "url": f"{repository.api_url}/git/trees/{commit.tree_id}"},
        url=f"{repository.api_url}/git/commits/{sha}",
    )
    return shape


def ref_shape(repository: EmulatedRepository, ref: str, sha: str) -> dict[str, Any]:
    """A ref and the commit that it stands at."""
    return {
        "ref": ref,
        "node_id": "REF_kwDO",
        "url": f"{repository.api_url}/git/{ref}",
        "object": {"type": "commit", "sha": sha, "url": f"{repository.api_url}/git/commits/{sha}"},
    }


def git_commit_shape(repository: EmulatedRepository, sha: str) -> dict[str, Any]:
    """A commit as the git API has it."""
    commit = repository.git.commit(sha)
    shape: dict[str, Any] = skeleton(f"GET {REPO}/git/commits/{{commit_sha}}", 200, repository)
    url = f"{repository.api_url}/git"
    parents = [str(parent) for parent in commit.parent_ids]
    page = f"{repository.server}/{repository.full_name}/commit"
    shape.update(
        sha=sha,
        url=f"{url}/commits/{sha}",
        html_url=f"{page}/{sha}",
        message=commit.message,
        tree={"sha": str(commit.tree_id), "url": f"{url}/trees/{commit.tree_id}"},
        parents=[{"sha": one, "url": f"{url}/commits/{one}", "html_url": f"{page}/{one}"} for one in parents],
    )
    return shape


def team_shape(repository: EmulatedRepository, slug: str) -> dict[str, Any]:
    """A team of the owner's."""
    number = sum(slug.encode())
    api, page = f"{repository.server}/teams/{number}", f"{repository.server}/orgs/{repository.owner}/teams"
    return {
        "id": number,
        "node_id": node_id("T", number),
        "name": slug,
        "slug": slug,
        "description": "",
        "privacy": "closed",
        "permission": "push",
        "type": "organization",
        "parent": None,
        "url": api,
        "html_url": f"{page}/{slug}",
        "members_url": f"{api}/members{{/member}}",
        "repositories_url": f"{api}/repos",
    }


def label_shape(repository: EmulatedRepository, name: str) -> dict[str, Any]:
    """A label; GitHub makes one that does not exist when it is put on something."""
    number = sum(name.encode())
    return {
        "id": number,
        "node_id": node_id("LA", number),
        "url": f"{repository.api_url}/labels/{quote(name)}",
        "name": name,
        "description": "",
        "color": "ededed",
        "default": False,
    }


def status_shape(repository: EmulatedRepository, status: Status) -> dict[str, Any]:
    """A status as it stands in a combined status."""
    return {
        "url": f"{repository.api_url}/statuses/{status.sha}",
        "avatar_url": f"{repository.server}/images/{repository.owner}.gif",
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": status.created_at,
        "updated_at": status.created_at,
    }


def check_run_shape(repository: EmulatedRepository, run: CheckRun) -> dict[str, Any]:
    """A check run."""
    shape: dict[str, Any] = skeleton(f"POST {REPO}/check-runs", 201, repository)
    shape["app"]["id"] = run.app
    shape.update(
        id=run.id,
        node_id=node_id("CR", run.id),
        head_sha=run.sha,
        name=run.name,
        status=run.status,
        conclusion=run.conclusion,
        started_at=run.started_at,
        completed_at=run.completed_at,
        pull_requests=[],
        url=f"{repository.api_url}/check-runs/{run.id}",
        html_url=f"{repository.server}/{repository.full_name}/runs/{run.id}",
    )
    return shape


def review_shape(repository: EmulatedRepository, review: Review) -> dict[str, Any]:
    """A submitted review."""
    page = f"{repository.server}/{repository.full_name}/pull/{review.pull}"
    api = f"{repository.api_url}/pulls/{review.pull}"
    return {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": user(repository, review.user),
        "body": review.body,
        "state": review.state,
        "html_url": f"{page}#pullrequestreview-{review.id}",
        "pull_request_url": api,
        "author_association": "COLLABORATOR",
        "submitted_at": review.submitted_at,
        "commit_id": review.commit,
        "_links": {
            "html": {"href": f"{page}#pullrequestreview-{review.id}"},
            "pull_request": {"href": api},
        },
    }


def comment_shape(repository: EmulatedRepository, comment: Comment) -> dict[str, Any]:
    """A comment of a conversation."""
    shape: dict[str, Any] = skeleton(f"GET {REPO}/issues/{{issue_number}}/comments", 200, repository)[0]
    shape.update(
        id=comment.id,
        node_id=node_id("IC", comment.id),
        url=f"{repository.api_url}/issues/comments/{comment.id}",
        html_url=f"{repository.server}/{repository.full_name}/pull/{comment.number}#issuecomment-{comment.id}",
        issue_url=f"{repository.api_url}/issues/{comment.number}",
        user=user(repository, comment.author),
        body=comment.body,
        created_at=comment.created_at,
        updated_at=comment.updated_at,
    )
    return shape
