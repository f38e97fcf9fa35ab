"""GitHub's answers about commits and their signatures, as typed values."""

from gitcoord.forge.github.api_types import Answer


class VerificationAnswer(Answer, frozen=True):
    """Whether GitHub takes a commit for signed."""

    verified: bool = False


class GitCommitAnswer(Answer, frozen=True):
    """What git knows of a commit, and what GitHub thinks of its signature."""

    verification: VerificationAnswer = VerificationAnswer()


class PullCommitAnswer(Answer, frozen=True):
    """One of `GET …/pulls/{number}/commits`."""

    sha: str
    commit: GitCommitAnswer = GitCommitAnswer()
