"""Comments and reviews of pull requests."""

from tests.support.github.call import Call, paged
from tests.support.github.exchange import Answer, ApiError, invalid, timestamp
from tests.support.github.model import Comment
from tests.support.github.pulls import find
from tests.support.github.shapes import comment_shape, review_shape

_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def list_comments(call: Call) -> Answer:
    """The comments of a pull request, oldest first."""
    number = find(call, "issue_number").number
    found = [comment for comment in call.repository.comments if comment.number == number]
    return paged(call, [comment_shape(call.repository, comment) for comment in found])


def create_comment(call: Call) -> Answer:
    """Adds a comment."""
    number, text = find(call, "issue_number").number, call.request.text("body")
    if not text:
        raise invalid("IssueComment", code="missing_field", field="body")
    comment = Comment(id=call.repository.next_id(), number=number, body=text, author=call.token.login)
    call.repository.comments.append(comment)
    return Answer(201, comment_shape(call.repository, comment))


def change_comment(call: Call) -> Answer:
    """Changes a comment's text."""
    number = call.request.number("comment_id")
    for comment in call.repository.comments:
        if comment.id == number:
            comment.body, comment.updated_at = call.request.text("body"), timestamp()
            return Answer(200, comment_shape(call.repository, comment))
    raise ApiError(404, "Not Found")


def delete_comment(call: Call) -> Answer:
    """Deletes a comment."""
    number = call.request.number("comment_id")
    comments = call.repository.comments
    if all(comment.id != number for comment in comments):
        raise ApiError(404, "Not Found")
    comments[:] = [comment for comment in comments if comment.id != number]
    return Answer(204)


def list_reviews(call: Call) -> Answer:
    """The reviews of a pull request, oldest first."""
    number = find(call).number
    found = [review for review in call.repository.reviews if review.pull == number]
    return paged(call, [review_shape(call.repository, review) for review in found])


def create_review(call: Call) -> Answer:
    """Submits a review; nobody approves a pull request of his own."""
    pull, event = find(call), call.request.text("event")
    if event == "APPROVE" and pull.author == call.repository.user:
        raise ApiError(422, "Unprocessable Entity", errors=["Can not approve your own pull request"])
    review = call.repository.review(pull.number, by=call.repository.user, state=_STATES.get(event, "PENDING"))
    return Answer(200, review_shape(call.repository, review))
