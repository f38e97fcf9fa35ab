"""What stands between a pull request and its merge, in GitHub's own sentences."""

from typing import Literal

from tests.support.github.model import CheckRun, Protection, Pull, RequiredCheck
from tests.support.github.repository import EmulatedRepository

PASSING = {"success", "neutral", "skipped"}
Outcome = Literal["expected", "queued", "in progress", "pending", "failing", "other app", "passed"]
_MERGE_QUEUE = "Changes must be made through the merge queue"
_NO_MERGE_COMMITS = "Merge commits are not allowed on this repository."
_NOT_LINEAR = "This branch must not contain merge commits."
_CONVERSATION = "A conversation must be resolved before this pull request can be merged."
_COMMENTS = "All comments must be resolved."
_SIGNATURES = "Commits must have verified signatures."
_NO_SIGNED_REBASE = (
    "Base branch requires signed commits. Rebase merges cannot be automatically signed by GitHub."
)
_NOT_AUTHORIZED = (
    "You're not authorized to push to this branch. Visit "
    "https://docs.github.com/articles/about-protected-branches/ for more information."
)


def objections(repository: EmulatedRepository, pull: Pull) -> list[str]:
    """One sentence for each rule that is broken."""
    return [
        sentence
        for rules in repository.rules_of(pull.base)
        for sentence in _broken(repository, rules, pull, method="squash", by_queue=False)
    ]


def refusal(repository: EmulatedRepository, pull: Pull, *, method: str, by_queue: bool = False) -> str | None:
    """The message of the 405 that a merge meets; None when nothing is in its way."""
    for rules in repository.rules_of(pull.base):
        found = _broken(repository, rules, pull, method=method, by_queue=by_queue)
        if found:
            return _message(rules, found)
    return None


def _broken(
    repository: EmulatedRepository, protection: Protection, pull: Pull, *, method: str, by_queue: bool
) -> list[str]:
    found = []
    if protection.linear_history and method == "merge":
        found.append(_NOT_LINEAR if protection.form == "ruleset" else _NO_MERGE_COMMITS)
    found += _check_objections(repository, protection, pull)
    found += _review_objections(repository, protection, pull)
    if protection.restricts_pushes and repository.user not in protection.pushers:
        found.append(_NOT_AUTHORIZED)
    if protection.merge_queue and not by_queue:
        found.append(_MERGE_QUEUE)
    if protection.conversation_resolution and pull.unresolved:
        found.append(_CONVERSATION if protection.form == "ruleset" else _COMMENTS)
    if protection.required_signatures:
        found += _signature_objections(repository, protection, pull, method)
    return found


def _signature_objections(
    repository: EmulatedRepository, protection: Protection, pull: Pull, method: str
) -> list[str]:
    """GitHub signs the commits that it makes for merges and squashes; what it replays it cannot sign."""
    if method == "rebase":
        return [_NO_SIGNED_REBASE]
    git = repository.git
    commits = git.commits_between(pull.base_sha, pull.head_sha) if method == "merge" else []
    unsigned = [sha for sha in commits if not git.is_signed(sha)]
    if not unsigned:
        return []
    if protection.form == "classic":
        return [_SIGNATURES]
    count = f"Found {len(unsigned)} violation{'' if len(unsigned) == 1 else 's'}:"
    return ["\n".join([_SIGNATURES, f"  {count}", "", *(f"  {sha}" for sha in unsigned)])]


def review_decision(repository: EmulatedRepository, pull: Pull) -> str | None:
    """APPROVED, CHANGES_REQUESTED or REVIEW_REQUIRED; None when nobody has to review."""
    wanted = max((rules.approvals for rules in repository.rules_of(pull.base)), default=0)
    verdicts = verdicts_on(repository, pull)
    if "CHANGES_REQUESTED" in verdicts:
        return "CHANGES_REQUESTED"
    if verdicts.count("APPROVED") >= max(wanted, 1):
        return "APPROVED"
    return "REVIEW_REQUIRED" if wanted else None


def verdicts_on(repository: EmulatedRepository, pull: Pull) -> list[str]:
    """The last verdict of each reviewer; a comment is none."""
    verdicts: dict[str, str] = {}
    for review in repository.reviews:
        if review.pull == pull.number and review.state != "COMMENTED":
            verdicts[review.user] = review.state
    return list(verdicts.values())


def _message(protection: Protection, found: list[str]) -> str:
    if protection.form == "ruleset":
        return ruleset_message(found)
    if len(found) > 1 and all(sentence.endswith("is expected.") for sentence in found):
        return f"{len(found)} of {len(protection.checks)} required status checks are expected."
    return found[0]


def ruleset_message(found: list[str]) -> str:
    """The message of a ruleset's refusal."""
    lines = "\n\n".join(found)
    return f"Repository rule violations found\n\n{lines}\n\n"


def optional_failing(repository: EmulatedRepository, pull: Pull) -> bool:
    """Whether something that is not required has failed or is pending."""
    required = {check.context for rules in repository.rules_of(pull.base) for check in rules.checks}
    statuses = latest_statuses(repository, pull.head_sha)
    runs = latest_runs(repository, pull.head_sha)
    failing = {name for name, state in statuses.items() if state != "success"}
    failing |= {run.name for run in runs if run.conclusion not in PASSING}
    return bool(failing - required)


def latest_statuses(repository: EmulatedRepository, sha: str) -> dict[str, str]:
    """The newest state of each status context of a commit."""
    return {status.context: status.state for status in repository.statuses if status.sha == sha}


def latest_runs(repository: EmulatedRepository, sha: str) -> list[CheckRun]:
    """The newest check run of each name and app on a commit."""
    newest = {(run.name, run.app): run for run in repository.check_runs if run.sha == sha}
    return list(newest.values())


def _check_objections(repository: EmulatedRepository, protection: Protection, pull: Pull) -> list[str]:
    found = []
    for check in protection.checks:
        outcome = _outcome(repository, pull.head_sha, check)
        if outcome == "other app":
            found.append(f'Required status check "{check.context}" was not set by the expected GitHub app.')
        elif outcome != "passed":
            found.append(f'Required status check "{check.context}" is {outcome}.')
    return found


def _outcome(repository: EmulatedRepository, sha: str, check: RequiredCheck) -> Outcome:
    """A status and a check run of the same name must both pass."""
    state = latest_statuses(repository, sha).get(check.context)
    runs = [run for run in latest_runs(repository, sha) if run.name == check.context]
    if state is None and not runs:
        return "expected"
    if check.app is not None:
        runs = [run for run in runs if run.app == check.app]
        if not runs:
            return "other app"
    outcomes = {_of_run(run) for run in runs}
    if state is not None:
        outcomes.add({"success": "passed", "pending": "pending"}.get(state, "failing"))  # type: ignore[arg-type]
    order: tuple[Outcome, ...] = ("failing", "pending", "in progress", "queued")
    return next((outcome for outcome in order if outcome in outcomes), "passed")


def _of_run(run: CheckRun) -> Outcome:
    if run.status != "completed":
        return "in progress" if run.status == "in_progress" else "queued"
    return "passed" if run.conclusion in PASSING else "failing"


def _review_objections(repository: EmulatedRepository, protection: Protection, pull: Pull) -> list[str]:
    if protection.approvals == 0:
        return []
    verdicts, wanted = verdicts_on(repository, pull), protection.approvals
    if "CHANGES_REQUESTED" in verdicts:
        return ["Changes have been requested."]
    if verdicts.count("APPROVED") >= wanted:
        return []
    reviews = "approving review is" if wanted == 1 else "approving reviews are"
    return [f"At least {wanted} {reviews} required by reviewers with write access."]
