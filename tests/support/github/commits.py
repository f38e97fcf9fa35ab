"""Commits as the API reads them: one by one, by pull request, and the pull requests of one."""

from typing import Any

from tests.support.github.call import Call, known_commit, paged
from tests.support.github.exchange import Answer, ApiError
from tests.support.github.pull_shapes import simple_pull
from tests.support.github.pulls import find
from tests.support.github.repository import EmulatedRepository
from tests.support.github.shapes import commit_shape, git_commit_shape, status_shape, user

_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}


def read_commit(call: Call) -> Answer:
    """A commit, named by its id or a branch."""
    repository, sha = call.repository, known_commit(call, "ref")
    parents = [str(parent) for parent in repository.git.commit(sha).parent_ids]
    files = _file_shapes(repository, parents[0], sha) if parents else []
    added, deleted = (sum(file[side] for file in files) for side in ("additions", "deletions"))
    stats = {"total": added + deleted, "additions": added, "deletions": deleted}
    return Answer(200, {**commit_shape(repository, sha), "stats": stats, "files": files})


def read_git_commit(call: Call) -> Answer:
    """A commit as git has it."""
    sha = call.request.params["commit_sha"]
    if not call.repository.git.has_commit(sha):
        raise ApiError(404, "Not Found")
    return Answer(200, git_commit_shape(call.repository, sha))


def list_statuses(call: Call) -> Answer:
    """Every status of a commit, the newest first."""
    repository, sha = call.repository, known_commit(call, "ref")
    creator = user(repository, repository.user)
    found = [status for status in reversed(repository.statuses) if status.sha == sha]
    return paged(call, [{**status_shape(repository, one), "creator": creator} for one in found])


def pulls_of_commit(call: Call) -> Answer:
    """The pull requests that brought a commit, or would."""
    repository, sha = call.repository, known_commit(call, "commit_sha")
    found = [
        pull
        for pull in repository.pulls.values()
        if sha in (pull.merge_commit, pull.head_sha)
        or sha in repository.git.commits_between(pull.base_sha, pull.head_sha)
    ]
    return paged(call, [simple_pull(repository, pull) for pull in found])


def commits_of_pull(call: Call) -> Answer:
    """The commits of a pull request, oldest first."""
    repository, pull = call.repository, find(call)
    between = repository.git.commits_between(pull.base_sha, pull.head_sha)
    return paged(call, [commit_shape(repository, sha) for sha in between])


def files_of_pull(call: Call) -> Answer:
    """The files that a pull request changes."""
    repository, pull = call.repository, find(call)
    base = repository.git.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    return paged(call, _file_shapes(repository, base, pull.head_sha))


def _file_shapes(repository: EmulatedRepository, base: str, head: str) -> list[dict[str, Any]]:
    page = f"{repository.server}/{repository.full_name}"
    return [
        {
            "sha": blob,
            "filename": path,
            "status": _STATUS.get(letter, "modified"),
            "additions": added,
            "deletions": deleted,
            "changes": added + deleted,
            "blob_url": f"{page}/blob/{head}/{path}",
            "raw_url": f"{page}/raw/{head}/{path}",
            "contents_url": f"{repository.api_url}/contents/{path}?ref={head}",
        }
        for letter, path, added, deleted, blob in repository.git.files(base, head)
    ]
