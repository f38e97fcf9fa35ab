"""Labels and requested reviewers of pull requests."""

from tests.support.github.call import Call
from tests.support.github.exchange import Answer, ApiError
from tests.support.github.pull_shapes import simple_pull
from tests.support.github.pulls import find
from tests.support.github.shapes import label_shape, team_shape, user


def add_labels(call: Call) -> Answer:
    """Puts labels on a pull request, making those that do not exist."""
    pull, wanted = find(call, "issue_number"), (call.request.body or {}).get("labels", [])
    names = [label if isinstance(label, str) else label["name"] for label in wanted]
    pull.labels += [name for name in names if name not in pull.labels]
    return Answer(200, [label_shape(call.repository, name) for name in pull.labels])


def remove_label(call: Call) -> Answer:
    """Takes a label off."""
    pull, name = find(call, "issue_number"), call.request.params["name"]
    if name not in pull.labels:
        raise ApiError(404, "Label does not exist")
    pull.labels.remove(name)
    return Answer(200, [label_shape(call.repository, label) for label in pull.labels])


def list_reviewers(call: Call) -> Answer:
    """Who was asked to review and has not yet."""
    repository, pull = call.repository, find(call)
    users = [user(repository, login) for login in pull.reviewers]
    return Answer(200, {"users": users, "teams": [team_shape(repository, slug) for slug in pull.teams]})


def request_reviewers(call: Call) -> Answer:
    """Asks people to review; whoever is no collaborator cannot be asked."""
    repository, pull = call.repository, find(call)
    body = call.request.body or {}
    asked, teams = body.get("reviewers", []), body.get("team_reviewers", [])
    if pull.author in asked:
        raise ApiError(422, "Review cannot be requested from pull request author.")
    if any(name.startswith("stranger") for name in (*asked, *teams)):
        sentence = "Reviews may only be requested from collaborators. One or more of the users or teams you "
        raise ApiError(
            422, f"{sentence}specified is not a collaborator of the {repository.full_name} repository."
        )
    pull.reviewers += [login for login in asked if login not in pull.reviewers]
    pull.teams += [slug for slug in teams if slug not in pull.teams]
    return Answer(201, simple_pull(repository, pull))
