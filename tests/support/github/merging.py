"""`PUT …/merge`: every refusal that GitHub knows, and the three kinds of merges with real commits."""

import re
from dataclasses import dataclass

from tests.support.github import mergeability
from tests.support.github.exchange import Answer, ApiError, Request
from tests.support.github.hooks import Hooks
from tests.support.github.model import OWN_USER, Pull
from tests.support.github.patterns import matches, pattern_sentence
from tests.support.github.repository import EmulatedRepository
from tests.support.github.rules import refusal, ruleset_message
from tests.support.github.spoiling import note_spoiled, spoiled

BASE_MODIFIED = "Base branch was modified. Review and try the merge again."
HEAD_MODIFIED = "Head branch was modified. Review and try the merge again."
HEAD_OUTDATED = "Head branch is out of date. Review and try the merge again."
NOT_MERGEABLE = "Pull Request is not mergeable"
_METHODS = {
    "merge": ("allow_merge_commit", "Merge commits are not allowed on this repository."),
    "squash": ("allow_squash_merge", "Squash merges are not allowed on this repository."),
    "rebase": ("allow_rebase_merge", "Rebase merges are not allowed on this repository."),
}


@dataclass(frozen=True)
class MergeCall:
    """What the call asks for; None is what it leaves to GitHub."""

    method: str
    sha: str | None
    title: str | None
    message: str | None
    by_queue: bool = False
    by: str = OWN_USER
    """Who merges."""

    @classmethod
    def of(cls, request: Request) -> "MergeCall":
        """The call in a request's body."""
        body = request.body or {}
        method = body.get("merge_method") or "merge"
        return cls(method, body.get("sha"), body.get("commit_title"), body.get("commit_message"))


class MergeBrokenOff(Exception):  # noqa: N818 - it is what happened
    """The base has moved, and the pull request is still open."""


def merge(
    repository: EmulatedRepository, pull: Pull, call: MergeCall, hooks: Hooks, *, break_off: bool
) -> Answer:
    """Merges, or refuses as GitHub would."""
    _check_pull(repository, pull, call)
    _check_rules(repository, pull, call)
    new = _write(repository, pull, call)
    if new == pull.base_sha or repository.git.is_ancestor(pull.head_sha, pull.base_sha):
        # A merge that was broken off has moved the base already: nothing is left to merge.
        raise ApiError(405, NOT_MERGEABLE)
    _check_messages(repository, pull, new)
    new = spoiled(repository, pull.number, new)
    hooks.run("before_merge_cas", repository, pull)
    if not repository.git.move(f"refs/heads/{pull.base}", new, pull.base_sha):
        raise ApiError(405, BASE_MODIFIED)
    note_spoiled(repository, pull.number, new)
    repository.merges[pull.number] += 1
    if break_off:
        pull.broken_off = True
        raise MergeBrokenOff
    pull.close(merge_commit=new, by=call.by)
    if repository.settings.delete_branch_on_merge:
        delete_head(repository, pull)
    repository.sync()
    return Answer(200, {"sha": new, "merged": True, "message": "Pull Request successfully merged"})


def _check_pull(repository: EmulatedRepository, pull: Pull, call: MergeCall) -> None:
    habits = repository.habits
    if pull.state != "open":
        closed = habits.merged_sentence == "closed"
        raise ApiError(405, "Pull Request is closed" if closed else NOT_MERGEABLE)
    if pull.draft:
        raise ApiError(405, "Pull Request is still a draft")
    if call.sha is not None and call.sha != pull.head_sha:
        raise ApiError(409, HEAD_MODIFIED)
    if habits.merge_when_unknown == "finds out":
        pull.mergeability.nulls_left = 0
    mergeable = mergeability.ask(repository, pull)
    if mergeable is None:
        raise ApiError(405, NOT_MERGEABLE if habits.unknown_sentence == "not mergeable" else BASE_MODIFIED)
    if not mergeable:
        raise ApiError(405, NOT_MERGEABLE)


def _check_rules(repository: EmulatedRepository, pull: Pull, call: MergeCall) -> None:
    setting, sentence = _METHODS[call.method]
    if not getattr(repository.settings, setting):
        raise ApiError(405, sentence)
    found = refusal(repository, pull, method=call.method, by_queue=call.by_queue)
    if found is not None:
        raise ApiError(405, found)
    if not call.by_queue and mergeability.is_behind(repository, pull):
        raise ApiError(repository.habits.outdated_status, HEAD_OUTDATED)


def _check_messages(repository: EmulatedRepository, pull: Pull, new: str) -> None:
    """Message patterns hold for every commit that would come to the base."""
    for rules in repository.rules_of(pull.base):
        for sha in repository.git.commits_between(pull.base_sha, new):
            if not matches(rules.message_pattern, repository.git.commit(sha).message):
                raise ApiError(405, ruleset_message([pattern_sentence(rules.message_pattern)]))


def _write(repository: EmulatedRepository, pull: Pull, call: MergeCall) -> str:
    git = repository.git
    if call.method == "rebase":
        new = git.rebase(pull.base_sha, pull.head_sha) if pull.mergeability.rebaseable else None
        if new is None:
            raise ApiError(405, "This branch can't be rebased")
        return new
    tree = git.merge_tree(pull.base_sha, pull.head_sha)
    if tree is None:
        raise ApiError(405, NOT_MERGEABLE)
    squash = call.method == "squash"
    message = _squash_message(repository, pull, call) if squash else _merge_message(repository, pull, call)
    parents = [pull.base_sha] if squash else [pull.base_sha, pull.head_sha]
    author = pull.author if squash else call.by
    return git.write_commit(tree, parents, message, author=(author, f"{author}@users.noreply.github.com"))


def _merge_message(repository: EmulatedRepository, pull: Pull, call: MergeCall) -> str:
    title = (
        call.title or f"Merge pull request #{pull.number} from {pull.fork or repository.owner}/{pull.head}"
    )
    return _joined(title, pull.title if call.message is None else call.message)


def _squash_message(repository: EmulatedRepository, pull: Pull, call: MergeCall) -> str:
    title = call.title or f"{pull.title} (#{pull.number})"
    if call.message is not None:
        return _joined(title, call.message)
    commits = repository.git.commits_between(pull.base_sha, pull.head_sha, merges=False)
    subjects = [repository.git.commit(sha).message.strip() for sha in commits]
    return _joined(title, "\n\n".join(f"* {subject}" for subject in subjects) if len(subjects) > 1 else "")


def _joined(title: str, message: str) -> str:
    return re.sub(r"\s+\Z", "", f"{title}\n\n{message}") + "\n"


def delete_head(repository: EmulatedRepository, pull: Pull) -> None:
    """GitHub's own deletion moves the pull requests that were stacked on the head to its base."""
    if pull.fork is not None:
        return
    for other in repository.pulls.values():
        if other.state == "open" and other.base == pull.head:
            other.base, other.mergeability = pull.base, repository.fresh_mergeability()
    if repository.tip(pull.head) == pull.head_sha:
        repository.git.delete(f"refs/heads/{pull.head}")
