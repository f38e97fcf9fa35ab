"""Merges on request of GitHub's own making: `update-branch`, `/merges`, and `merge-async`."""

import uuid

from tests.support.github import background
from tests.support.github.call import Call
from tests.support.github.exchange import Answer, ApiError
from tests.support.github.gitside import GITHUB
from tests.support.github.merging import MergeCall
from tests.support.github.model import AsyncMerge, Pull
from tests.support.github.pulls import find
from tests.support.github.repository import EmulatedRepository, Late
from tests.support.github.shapes import commit_shape

NOTHING_NEW = "There are no new commits on the base branch."
OTHER_HEAD = "expected head sha didn’t match current head ref."
CONFLICT = "merge conflict between base and head"


def update_branch(call: Call) -> Answer:
    """Merges the base into the head, later; 202 says no more than that it was asked for."""
    repository, pull = call.repository, find(call)
    expected = call.request.text("expected_head_sha")
    check_update(repository, pull, expected)
    background.later(repository, Late(repository.background_reads, lambda: update(repository, pull)))
    url = f"{repository.api_url}/pulls/{pull.number}"
    return Answer(202, {"message": "Updating pull request branch.", "url": url})


def check_update(repository: EmulatedRepository, pull: Pull, expected: str) -> None:
    """Raises why a branch cannot be updated."""
    git = repository.git
    if expected and expected != pull.head_sha:
        raise ApiError(422, OTHER_HEAD)
    current = repository.habits.update_when_current == "refused"
    if pull.state != "open" or (current and git.is_ancestor(pull.base_sha, pull.head_sha)):
        raise ApiError(422, NOTHING_NEW)
    if git.merge_tree(pull.head_sha, pull.base_sha) is None:
        raise ApiError(422, CONFLICT)


def update(repository: EmulatedRepository, pull: Pull, *, rebase: bool = False) -> None:
    """Brings the head up to date; nothing when somebody moved it meanwhile."""
    git, before = repository.git, pull.head_sha
    if rebase:
        new = git.rebase(pull.base_sha, before)
    else:
        tree = git.merge_tree(before, pull.base_sha)
        message = f"Merge branch '{pull.base}' into {pull.head}\n"
        parents = [before, pull.base_sha]
        new = tree and git.write_commit(tree, parents, message, author=GITHUB)
    if new:
        repository.move_head(pull, new, before)
        repository.sync()


def merge_branches(call: Call) -> Answer:
    """Merges one branch into another, without a pull request."""
    repository, request, git = call.repository, call.request, call.repository.git
    base_name = request.text("base")
    base, head = repository.tip(base_name), git.commit_named(request.text("head"))
    if base is None or head is None:
        raise ApiError(404, "Base does not exist" if base is None else "Head does not exist")
    if git.is_ancestor(head, base):
        return Answer(204)
    tree = git.merge_tree(base, head)
    if tree is None:
        raise ApiError(409, "Merge conflict")
    message = request.text("commit_message") or f"Merge {request.text('head')} into {base_name}\n"
    new = git.write_commit(tree, [base, head], message, author=GITHUB)
    if not git.move(f"refs/heads/{base_name}", new, base):
        raise ApiError(409, "Merge conflict")
    repository.sync()
    return Answer(201, commit_shape(repository, new))


def merge_async(call: Call) -> Answer:
    """Asks for a merge that is performed later; asking again names the one that is there."""
    repository, pull, wanted = call.repository, find(call), MergeCall.of(call.request)
    if not repository.offers_async:
        raise ApiError(404, "Not Found")
    if pull.merged:
        details = {"message": "Pull request is already merged.", "sha": pull.merge_commit}
        return Answer(200, {"status": "merged", "details": details})
    if pull.state != "open":
        return Answer(400, {"status": "failed", "details": {"message": "Pull request is closed."}})
    for known in repository.async_merges.values():
        if known.pull == pull.number and known.status == "pending":
            return Answer(409, _shape(known, "A merge request already exists for this pull request."))
    if wanted.sha is not None and wanted.sha != pull.head_sha:
        return Answer(400, {"status": "failed", "details": {"message": "Head branch was modified."}})
    asked = AsyncMerge(str(uuid.uuid4()), pull.number, wanted.method, wanted.sha or pull.head_sha)
    repository.async_merges[asked.uuid] = asked

    def run() -> None:
        why_not = background.perform(repository, pull, wanted, call.hooks)
        asked.status = "merged" if why_not is None else "failed"
        asked.message = why_not or "Pull request was merged."
        asked.merge_commit = pull.merge_commit or ""

    # However soon it is performed, the answer says no more than that it was asked for.
    accepted = Answer(202, _shape(asked, "Merge request enqueued."))
    background.later(repository, Late(repository.background_reads, run))
    return accepted


def read_async(call: Call) -> Answer:
    """How an asynchronous merge stands."""
    asked = call.repository.async_merges.get(call.request.params["uuid"])
    if asked is None or asked.pull != call.request.number("pull_number"):
        raise ApiError(404, "Not Found")
    return Answer(200, _shape(asked, asked.message))


def _shape(asked: AsyncMerge, message: str) -> dict[str, object]:
    details = {"message": message}
    if asked.status == "merged":
        details["sha"] = asked.merge_commit
    if asked.status == "pending":
        details |= {
            "uuid": asked.uuid,
            "merge_method": asked.method,
            "merge_action": "default",
            "expected_head_sha": asked.sha,
        }
    return {"status": asked.status, "details": details}
