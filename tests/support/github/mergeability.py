"""Whether a pull request merges: found out in the background, forgotten when its head or base moves."""

from tests.support.github.model import Pull
from tests.support.github.repository import EmulatedRepository
from tests.support.github.rules import objections, optional_failing


def ask(repository: EmulatedRepository, pull: Pull) -> bool | None:
    """Whether it merges, as far as is known; asking starts the work, and the next one to ask may have it."""
    if pull.state != "open":
        return False if repository.habits.closed_state == "dirty" else None
    known = pull.mergeability
    if not known.known:
        if repository.hold_mergeability or known.nulls_left > 0:
            known.nulls_left -= 1
            return False if repository.habits.computing == "false" else None
        _find_out(repository, pull)
    return known.mergeable


def _find_out(repository: EmulatedRepository, pull: Pull) -> None:
    git, known = repository.git, pull.mergeability
    tree = git.merge_tree(pull.base_sha, pull.head_sha)
    known.known = True
    known.mergeable = tree is not None
    if tree is None:
        return
    known.rebaseable = git.rebase(pull.base_sha, pull.head_sha) is not None
    known.test_merge = git.write_commit(
        tree,
        [pull.base_sha, pull.head_sha],
        f"Merge {pull.head_sha} into {pull.base_sha}",
        author=(pull.author, f"{pull.author}@users.noreply.github.com"),
    )
    git.move(f"refs/pull/{pull.number}/merge", known.test_merge)


def mergeable_state(repository: EmulatedRepository, pull: Pull, mergeable: bool | None) -> str:
    """The one word in which GitHub sums up what stands in the way."""
    if mergeable is None:
        return "unknown"
    if not mergeable:
        return "dirty"
    if pull.draft:
        return repository.habits.draft_state
    if objections(repository, pull):
        return "blocked"
    if is_behind(repository, pull):
        return "behind"
    if optional_failing(repository, pull):
        return "unstable"
    return "has_hooks" if repository.has_hooks else "clean"


def is_behind(repository: EmulatedRepository, pull: Pull) -> bool:
    """Whether the base demands up-to-date branches and this one is not."""
    strict = any(rules.strict for rules in repository.rules_of(pull.base))
    return strict and not repository.git.is_ancestor(pull.base_sha, pull.head_sha)
