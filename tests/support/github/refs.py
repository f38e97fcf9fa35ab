"""Refs by the API, and comparing commits."""

from tests.support.github.call import Call, paged
from tests.support.github.exchange import Answer, ApiError
from tests.support.github.push_rules import dash, sentences
from tests.support.github.repository import EmulatedRepository
from tests.support.github.shapes import REPO, commit_shape, ref_shape, skeleton


def read_ref(call: Call) -> Answer:
    """One ref, named without `refs/`."""
    ref = f"refs/{call.request.params['ref']}"
    sha = call.repository.git.resolve(ref)
    if sha is None:
        raise ApiError(404, "Not Found")
    return Answer(200, ref_shape(call.repository, ref, sha))


def matching_refs(call: Call) -> Answer:
    """Every ref that starts like this."""
    found = call.repository.git.refs(f"refs/{call.request.params['ref']}")
    return paged(call, [ref_shape(call.repository, ref, sha) for ref, sha in found.items()])


def create_ref(call: Call) -> Answer:
    """Creates a ref, named with `refs/` here."""
    repository, ref, sha = call.repository, call.request.text("ref"), call.request.text("sha")
    _check_commit(repository, sha)
    if not repository.git.create(ref, sha):
        raise ApiError(422, "Reference already exists")
    return Answer(201, ref_shape(repository, ref, sha))


def change_ref(call: Call) -> Answer:
    """Moves a ref; only forward unless forced."""
    repository, ref = call.repository, f"refs/{call.request.params['ref']}"
    old, new = repository.git.resolve(ref), call.request.text("sha")
    if old is None:
        raise _missing(repository)
    _check_commit(repository, new)
    forward = repository.git.is_ancestor(old, new)
    _check_protection(repository, ref, forced=not forward)
    if not call.request.body.get("force") and not forward:
        raise ApiError(422, "Update is not a fast forward")
    if not repository.git.move(ref, new, old):
        raise ApiError(422, "Reference update failed")
    repository.sync()
    return Answer(200, ref_shape(repository, ref, new))


def delete_ref(call: Call) -> Answer:
    """Deletes a ref; pull requests that have it as head or base are closed by that."""
    ref = f"refs/{call.request.params['ref']}"
    if call.repository.git.resolve(ref) is None:
        raise _missing(call.repository)
    _check_protection(call.repository, ref, deleted=True)
    call.repository.git.delete(ref)
    call.repository.sync()
    return Answer(204)


def _check_commit(repository: EmulatedRepository, sha: str) -> None:
    if repository.git.has_commit(sha):
        return
    if repository.habits.unknown_commit == 500:
        raise ApiError(500, "Server Error")
    raise ApiError(422, "Object does not exist")


def _missing(repository: EmulatedRepository) -> ApiError:
    unknown = repository.habits.missing_ref == 404
    return ApiError(404, "Not Found") if unknown else ApiError(422, "Reference does not exist")


def _check_protection(
    repository: EmulatedRepository, ref: str, *, forced: bool = False, deleted: bool = False
) -> None:
    """The rules that git's own pushes meet, as the API says them."""
    for rules in repository.rules_of(ref.removeprefix("refs/heads/")):
        conditions = {"always", *(["force"] if forced else []), *(["delete"] if deleted else [])}
        broken = [said for condition, said in sentences(rules, repository.user) if condition in conditions]
        if broken and dash(rules):
            raise ApiError(422, "Repository rule violations found\n\n" + "\n\n".join(broken) + "\n\n")
        if broken:
            raise ApiError(422, f"Protected branch update failed for {ref}: {broken[0]}")


def compare(call: Call) -> Answer:
    """How two commits stand to each other: `base...head`."""
    repository, git = call.repository, call.repository.git
    names = [name.rpartition(":")[2] for name in call.request.params["basehead"].split("...")]
    base, head = (git.commit_named(name) for name in (names * 2)[:2])
    merge_base = git.merge_base(base, head) if base and head else None
    if base is None or head is None or merge_base is None:
        raise ApiError(404, "Not Found")
    ahead, behind = git.ahead_behind(head, base)
    status = "diverged" if ahead and behind else "ahead" if ahead else "behind" if behind else "identical"
    shape = skeleton(f"GET {REPO}/compare/{{basehead}}", 200, repository)
    commits = [commit_shape(repository, sha) for sha in git.commits_between(base, head)]
    answer = paged(call, commits)
    shape.update(
        status=status,
        ahead_by=ahead,
        behind_by=behind,
        total_commits=ahead,
        base_commit=commit_shape(repository, base),
        merge_base_commit=commit_shape(repository, merge_base),
        commits=answer.body,
        files=[],
    )
    return Answer(200, shape, answer.headers)
