"""Branches and their protection, as classic protection and as rulesets."""

from typing import Any

from tests.support.github import patterns
from tests.support.github.call import Call, paged
from tests.support.github.exchange import Answer, ApiError
from tests.support.github.model import Protection, RequiredCheck
from tests.support.github.repository import EmulatedRepository
from tests.support.github.shapes import commit_shape, user

_SWITCHED_OFF = ("block_creations", "lock_branch", "allow_fork_syncing")


def read_branch(call: Call) -> Answer:
    """A branch, with the required checks of its classic protection."""
    repository, name = call.repository, call.request.params["branch"]
    sha = repository.tip(name)
    if sha is None:
        raise ApiError(404, "Branch not found")
    rules = repository.rules_of(name)
    classic = next((one for one in rules if one.form == "classic"), None)
    url = f"{repository.api_url}/branches/{name}"
    shape = {
        "name": name,
        "commit": commit_shape(repository, sha),
        "_links": {"self": url, "html": f"{repository.server}/{repository.full_name}/tree/{name}"},
        "protected": bool(rules),
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
            "strict": classic is not None and classic.strict,
        },
    }


def _named_checks(protection: Protection) -> list[dict[str, Any]]:
    return [{"context": check.context, "app_id": check.app} for check in protection.checks]


def read_protection(call: Call) -> Answer:
    """The details of a classic protection, for administrators."""
    repository, name = call.repository, call.request.params["branch"]
    if not repository.admin:
        raise ApiError(403, "Resource not accessible by personal access token")
    protection = next((one for one in repository.rules_of(name) if one.form == "classic"), None)
    if protection is None:
        raise ApiError(404, "Branch not protected")
    url = f"{repository.api_url}/branches/{name}/protection"
    shape: dict[str, Any] = {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        "required_linear_history": {"enabled": protection.linear_history},
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
        "required_signatures": {
            "url": f"{url}/required_signatures",
            "enabled": protection.required_signatures,
        },
        "required_conversation_resolution": {"enabled": protection.conversation_resolution},
        **{name: {"enabled": False} for name in _SWITCHED_OFF},
    }
    if protection.checks or protection.strict:
        shape["required_status_checks"] = {
            "contexts": [check.context for check in protection.checks],
            "checks": _named_checks(protection),
            "strict": protection.strict,
            "url": f"{url}/required_status_checks",
            "contexts_url": f"{url}/required_status_checks/contexts",
        }
    if protection.approvals or protection.pull_request_required:
        shape["required_pull_request_reviews"] = {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": protection.dismiss_stale,
            "require_code_owner_reviews": False,
            "require_last_push_approval": False,
            "required_approving_review_count": protection.approvals,
        }
        if protection.dismissers is not None:
            dismissal = _restrictions(repository, f"{url}/dismissal_restrictions", protection.dismissers)
            shape["required_pull_request_reviews"]["dismissal_restrictions"] = {
                name: value for name, value in dismissal.items() if name != "apps_url"
            }
    if protection.restricts_pushes:
        shape["restrictions"] = _restrictions(repository, f"{url}/restrictions", protection.pushers)
    return Answer(200, shape)


def _restrictions(repository: EmulatedRepository, url: str, logins: tuple[str, ...]) -> dict[str, Any]:
    """Who may move the branch: here only people, no teams and apps."""
    kinds: dict[str, list[Any]] = {
        "users": [user(repository, login) for login in logins],
        "teams": [],
        "apps": [],
    }
    return {"url": url, **kinds, **{f"{kind}_url": f"{url}/{kind}" for kind in kinds}}


def change_protection(call: Call) -> Answer:
    """Protects a branch as classic protection does."""
    body, name = call.request.body, call.request.params["branch"]
    wanted, reviews = (
        body.get("required_status_checks") or {},
        body.get("required_pull_request_reviews") or {},
    )
    listed = wanted.get("checks") or [{"context": context} for context in wanted.get("contexts", [])]
    checks = tuple(RequiredCheck(check["context"], check.get("app_id")) for check in listed)
    pushers, dismissers = body.get("restrictions"), reviews.get("dismissal_restrictions")
    if (pushers or dismissers) and not call.repository.is_of_organization:
        sentence = "Only organization repositories can have users and team restrictions"
        raise ApiError(422, "Validation Failed", errors=[sentence])
    protection = Protection(
        checks=checks,
        strict=bool(wanted.get("strict")),
        approvals=reviews.get("required_approving_review_count", 0),
        dismiss_stale=bool(reviews.get("dismiss_stale_reviews")),
        linear_history=bool(body.get("required_linear_history")),
        pull_request_required=bool(reviews),
        restricts_pushes=pushers is not None,
        pushers=tuple((pushers or {}).get("users", ())),
        dismissers=None if dismissers is None else tuple(dismissers.get("users", ())),
        conversation_resolution=bool(body.get("required_conversation_resolution")),
    )
    call.repository.protect(name, protection)
    return read_protection(call)


def delete_protection(call: Call) -> Answer:
    """Takes the protection of a branch away."""
    if call.repository.unprotect(call.request.params["branch"]) is None:
        raise ApiError(404, "Branch not protected")
    return Answer(204)


def branch_rules(call: Call) -> Answer:
    """What rulesets ask of a branch; an empty list when nothing, even for a branch that does not exist."""
    repository = call.repository
    rules = [
        rule
        for protection in repository.rules_of(call.request.params["branch"])
        if protection.form == "ruleset"
        for rule in _rules(protection)
    ]
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": repository.full_name,
        "ruleset_id": repository.id,
    }
    return paged(call, [{**rule, **source} for rule in rules])


def _rules(protection: Protection) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    if protection.checks:
        rules.append(_rule("required_status_checks", _check_parameters(protection)))
    if protection.approvals or protection.pull_request_required or protection.conversation_resolution:
        rules.append(_rule("pull_request", _review_parameters(protection)))
    if protection.linear_history:
        rules.append(_rule("required_linear_history"))
    if protection.merge_queue:
        rules.append(_rule("merge_queue"))
    if protection.restricts_pushes:
        rules.append(_rule("update"))
    if protection.required_signatures:
        rules.append(_rule("required_signatures"))
    if protection.message_pattern is not None:
        rules.append(_rule("commit_message_pattern", patterns.parameters(protection.message_pattern)))
    return rules


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
        "dismiss_stale_reviews_on_push": protection.dismiss_stale,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": protection.conversation_resolution,
    }


def list_branches(call: Call) -> Answer:
    """Every branch with its commit."""
    repository = call.repository
    heads = repository.git.refs("refs/heads/")
    shapes = []
    for ref, sha in heads.items():
        name = ref.removeprefix("refs/heads/")
        commit = {"sha": sha, "url": f"{repository.api_url}/commits/{sha}"}
        shapes.append({"name": name, "commit": commit, "protected": bool(repository.rules_of(name))})
    return paged(call, shapes)


def read_required_checks(call: Call) -> Answer:
    """The required checks of a classic protection alone."""
    required = read_protection(call).body.get("required_status_checks")
    if required is None:
        raise ApiError(404, "Required status checks not enabled")
    return Answer(200, required)
