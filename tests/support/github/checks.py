"""Commit statuses and check runs."""

from tests.support.github.call import Call, known_commit, page
from tests.support.github.exchange import Answer, ApiError, invalid, timestamp
from tests.support.github.rules import latest_runs
from tests.support.github.shapes import REPO, check_run_shape, skeleton, status_shape, user

_LONGEST_DESCRIPTION = 140
_MOST_STATUSES = 1000
"""Of one commit and context: https://docs.github.com/en/rest/commits/statuses#create-a-commit-status."""


def create_status(call: Call) -> Answer:
    """Reports a status."""
    request, repository = call.request, call.repository
    sha = known_commit(call, "sha")
    if request.text("state") not in ("error", "failure", "pending", "success"):
        raise invalid("Status", code="custom", field="state", message="state is not included in the list")
    description, context = request.text("description"), request.text("context") or "default"
    if len(description) > _LONGEST_DESCRIPTION:
        text = f"description is too long (maximum is {_LONGEST_DESCRIPTION} characters)"
        raise invalid("Status", code="custom", field="description", message=text)
    if sum((one.sha, one.context) == (sha, context) for one in repository.statuses) >= _MOST_STATUSES:
        text = "This SHA and context has reached the maximum number of statuses."
        raise invalid("Status", code="custom", message=text)
    told = {"description": description or None, "target_url": request.text("target_url") or None}
    status = repository.set_status(sha, context, request.text("state"), **told)
    return Answer(201, {**status_shape(repository, status), "creator": user(repository, repository.user)})


def combined_status(call: Call) -> Answer:
    """The newest status of every context; "pending" when there is none, as on GitHub."""
    repository, sha = call.repository, known_commit(call, "ref")
    newest = {item.context: item for item in repository.statuses if item.sha == sha}
    states = {status.state for status in newest.values()}
    summary = "pending" if "pending" in states or not states else "success"
    if states & {"failure", "error"}:
        summary = "failure"
    shape = skeleton(f"GET {REPO}/commits/{{ref}}/status", 200, repository)
    part, headers = page(call, [status_shape(repository, status) for status in newest.values()])
    shape.update(state=summary, sha=sha, total_count=len(newest), statuses=part)
    shape["repository"].update(id=repository.id, owner=user(repository, repository.owner))
    return Answer(200, shape, headers)


def create_check_run(call: Call) -> Answer:
    """Starts a check run."""
    body, repository = call.request.body, call.repository
    if not repository.git.has_commit(body["head_sha"]):
        raise ApiError(422, f"No commit found for SHA: {body['head_sha']}")
    status = body.get("status", "queued")
    run = repository.set_check(body["head_sha"], body["name"], body.get("conclusion"), status=status)
    return Answer(201, check_run_shape(repository, run))


def change_check_run(call: Call) -> Answer:
    """Goes on with a check run, or ends it."""
    number, body = call.request.number("check_run_id"), call.request.body
    run = next((run for run in call.repository.check_runs if run.id == number), None)
    if run is None:
        raise ApiError(404, "Not Found")
    run.status = body.get("status", run.status)
    if body.get("conclusion"):
        run.status, run.conclusion, run.completed_at = "completed", body["conclusion"], timestamp()
    return Answer(200, check_run_shape(call.repository, run))


def list_check_runs(call: Call) -> Answer:
    """The check runs of a commit: the newest of each name and app, or all."""
    repository, sha, query = call.repository, known_commit(call, "ref"), call.request.query
    runs = latest_runs(repository, sha)
    if query.get("filter") == "all":
        runs = [run for run in repository.check_runs if run.sha == sha]
    runs = [run for run in runs if query.get("check_name") in (None, run.name)]
    part, headers = page(call, [check_run_shape(repository, run) for run in runs])
    return Answer(200, {"total_count": len(runs), "check_runs": part}, headers)
