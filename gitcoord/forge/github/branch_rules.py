"""Reads the requirements of a base: the union of classic branch protection and rulesets."""

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from gitcoord.forge.github.client import Gateway
from gitcoord.forge.github.merge_requirements import Demands, RequiredCheck
from gitcoord.forge.github.rule_types import (
    BranchAnswer,
    CheckParameters,
    ProtectionAnswer,
    RequiredChecksAnswer,
    ReviewParameters,
    RuleAnswer,
)

_BYPASSING = frozenset({"those who may bypass its rules"})


def read_demands(gateway: Gateway, repository_path: str, base: str) -> Demands:
    """Reads the requirements of `base` for pull requests."""
    name = quote(base, safe="")
    branch = gateway.read(f"{repository_path}/branches/{name}", BranchAnswer)
    # An old GitHub Enterprise has no rulesets (404), a free plan may deny them for private repositories
    # (403).
    pages = gateway.read_pages(
        f"{repository_path}/rules/branches/{name}", tuple[RuleAnswer, ...], absent=(403, 404)
    )
    demands = _of_rules(rule for page in pages for rule in page)
    if not branch.protected:
        return demands
    classic = gateway.read_if_there(
        f"{repository_path}/branches/{name}/protection", ProtectionAnswer, absent=(403, 404)
    )
    return _with_classic(demands, branch, classic)


def _of_rules(rules: Iterable[RuleAnswer]) -> Demands:
    demands = Demands()
    for rule in rules:
        if rule.type == "required_status_checks":
            checks = msgspec.json.decode(rule.parameters, type=CheckParameters)
            wanted = {
                RequiredCheck(check.context, check.integration_id) for check in checks.required_status_checks
            }
            demands = msgspec.structs.replace(
                demands,
                checks=demands.checks | wanted,
                up_to_date=demands.up_to_date or checks.strict_required_status_checks_policy,
            )
        elif rule.type == "pull_request":
            reviews = msgspec.json.decode(rule.parameters, type=ReviewParameters)
            approvals = max(demands.approvals, reviews.required_approving_review_count)
            demands = msgspec.structs.replace(demands, approvals=approvals)
        elif rule.type == "merge_queue":
            demands = msgspec.structs.replace(demands, merge_queue=True)
        elif rule.type == "required_linear_history":
            demands = msgspec.structs.replace(demands, linear_history=True)
        elif rule.type == "required_signatures":
            demands = msgspec.structs.replace(demands, signatures=True)
        elif rule.type == "update":
            demands = msgspec.structs.replace(demands, movers=_BYPASSING)
    return demands


def _with_classic(demands: Demands, branch: BranchAnswer, classic: ProtectionAnswer | None) -> Demands:
    summary = branch.protection.required_status_checks if branch.protection is not None else None
    listed = _required(summary)
    if classic is None:
        is_classic = branch.protection is not None and branch.protection.enabled
        return msgspec.structs.replace(demands, checks=demands.checks | listed, complete=not is_classic)
    checks, reviews = classic.required_status_checks, classic.required_pull_request_reviews
    approvals = reviews.required_approving_review_count if reviews is not None else 0
    return msgspec.structs.replace(
        demands,
        checks=demands.checks | listed | _required(checks),
        up_to_date=demands.up_to_date or (checks is not None and checks.strict),
        approvals=max(demands.approvals, approvals),
        signatures=demands.signatures or classic.required_signatures.enabled,
        linear_history=demands.linear_history or classic.required_linear_history.enabled,
        movers=demands.movers if classic.restrictions is None else classic.restrictions.names,
    )


def _required(answer: RequiredChecksAnswer | None) -> frozenset[RequiredCheck]:
    """Returns the required checks.

    Prefers `checks`: `contexts` is the older list of the same names, without apps.
    """
    if answer is None:
        return frozenset()
    if answer.checks:
        # -1 means any app.
        return frozenset(
            RequiredCheck(check.context, check.app_id if check.app_id and check.app_id > 0 else None)
            for check in answer.checks
        )
    return frozenset(RequiredCheck(context) for context in answer.contexts)
