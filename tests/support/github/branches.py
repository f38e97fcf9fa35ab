"""Branches, refs, their protection, and comparing commits."""

from typing import Any

from tests.support.github.call import Call, paged
from tests.support.github.exchange import Answer, ApiError
from tests.support.github.model import Protection, RequiredCheck
from tests.support.github.shapes import REPO, commit_shape, ref_shape, skeleton


def read_branch(call: Call) -> Answer:
    """A branch, with the required checks of its classic protection."""
    repository, name = call.repository, call.request.params["branch"]
    sha = repository.tip(name)
    if sha is None:
        raise ApiError(404, "Branch not found")
    protection = repository.protections.get(name)
    classic = protection if protection is not None and protection.form == "classic" else None
    url = f"{repository.api_url}/branches/{name}"
    shape = {
        "name": name,
        "commit": commit_shape(repository, sha),
        "_links": {"self": url, "html": f"{repository.server}/{repository.full_name}/tree/{name}"},
        "protected": protection is not None,
        "protection": _summary(classic),
        "protection_url": f"{url}/protection",
    }
    return Answer(200, shape)


def _summary(classic: Protection | None) -> dict[str, Any]:
    checks = classic.checks if classic is not None else ()
    return {
        "enabled": classic is not None,
        "required_status_checks": {
            "enforcement_level": "non_admins" if checks else "off",
            "contexts": [check.context for check in checks],
            "checks": [] if classic is None else _named_checks(classic),
        },
    }


def _named_checks(protection: Protection) -> list[dict[str, Any]]:
    return [{"context": check.context, "app_id": check.app} for check in protection.checks]


def read_protection(call: Call) -> Answer:
    """The details of a classic protection, for administrators."""
    repository, name = call.repository, call.request.params["branch"]
    if not repository.admin:
        raise ApiError(403, "Resource not accessible by personal access token")
    protection = repository.protections.get(name)
    if protection is None or protection.form != "classic":
        raise ApiError(404, "Branch not protected")
    url = f"{repository.api_url}/branches/{name}/protection"
    shape: dict[str, Any] = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        "required_linear_history": {"enabled": protection.linear_history},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
    }
    if protection.checks:
        shape["required_status_checks"] = {
            "contexts": [check.context for check in protection.checks],
            "checks": _named_checks(protection),
            "strict": protection.strict,
            "url": f"{url}/required_status_checks",
            "contexts_url": f"{url}/required_status_checks/contexts",
        }
    if protection.approvals:
        shape["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": False,
            "require_code_owner_reviews": False,
            "require_last_push_approval": False,
            "required_approving_review_count": protection.approvals,
        }
    return Answer(200, shape)


def change_protection(call: Call) -> Answer:
    """Protects a branch as classic protection does."""
    body, name = call.request.body, call.request.params["branch"]
    wanted, reviews = (
        body.get("required_status_checks") or {},
        body.get("required_pull_request_reviews") or {},
    )
    listed = wanted.get("checks") or [{"context": context} for context in wanted.get("contexts", [])]
    checks = tuple(RequiredCheck(check["context"], check.get("app_id")) for check in listed)
    call.repository.protections[name] = Protection(
        checks=checks,
        strict=bool(wanted.get("strict")),
        approvals=reviews.get("required_approving_review_count", 0),
        linear_history=bool(body.get("required_linear_history")),
    )
    return read_protection(call)


def delete_protection(call: Call) -> Answer:
    """Takes the protection of a branch away."""
    if call.repository.protections.pop(call.request.params["branch"], None) is None:
        raise ApiError(404, "Branch not protected")
    return Answer(204)


def branch_rules(call: Call) -> Answer:
    """What rulesets ask of a branch; an empty list when nothing, even for a branch that does not exist."""
    repository = call.repository
    protection = repository.protections.get(call.request.params["branch"])
    if protection is None or protection.form != "ruleset":
        return paged(call, [])
    rules: list[dict[str, Any]] = []
    if protection.checks:
        rules.append(_rule("required_status_checks", _check_parameters(protection)))
    if protection.approvals:
        rules.append(_rule("pull_request", _review_parameters(protection)))
    if protection.linear_history:
        rules.append(_rule("required_linear_history"))
    if protection.merge_queue:
        rules.append(_rule("merge_queue"))
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": repository.full_name,
        "ruleset_id": repository.id,
    }
    return paged(call, [{**rule, **source} for rule in rules])


def _rule(kind: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": kind} if parameters is None else {"type": kind, "parameters": parameters}


def _check_parameters(protection: Protection) -> dict[str, Any]:
    checks: list[dict[str, Any]] = []
    for check in protection.checks:
        app = {} if check.app is None else {"integration_id": check.app}
        checks.append({"context": check.context, **app})
    return {"strict_required_status_checks_policy": protection.strict, "required_status_checks": checks}


def _review_parameters(protection: Protection) -> dict[str, Any]:
    return {
        "required_approving_review_count": protection.approvals,
        "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }


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
    if not repository.git.has_commit(sha):
        raise ApiError(422, "Object does not exist")
    if not repository.git.create(ref, sha):
        raise ApiError(422, "Reference already exists")
    return Answer(201, ref_shape(repository, ref, sha))


def change_ref(call: Call) -> Answer:
    """Moves a ref; only forward unless forced."""
    repository, ref = call.repository, f"refs/{call.request.params['ref']}"
    old, new = repository.git.resolve(ref), call.request.text("sha")
    if old is None:
        raise ApiError(422, "Reference does not exist")
    if not repository.git.has_commit(new):
        raise ApiError(422, "Object does not exist")
    if not call.request.body.get("force") and not repository.git.is_ancestor(old, new):
        raise ApiError(422, "Update is not a fast forward")
    if not repository.git.move(ref, new, old):
        raise ApiError(422, "Reference update failed")
    repository.sync()
    return Answer(200, ref_shape(repository, ref, new))


def delete_ref(call: Call) -> Answer:
    """Deletes a ref; pull requests that have it as head or base are closed by that."""
    ref = f"refs/{call.request.params['ref']}"
    if call.repository.git.resolve(ref) is None:
        raise ApiError(422, "Reference does not exist")
    call.repository.git.delete(ref)
    call.repository.sync()
    return Answer(204)


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
