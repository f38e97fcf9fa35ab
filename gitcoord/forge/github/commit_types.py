"""GitHub's answers about commits and their signatures, as typed values."""

from gitcoord.forge.github.api_types import Answer


class VerificationAnswer(Answer, frozen=True):
    """Whether GitHub considers a commit signed."""

    verified: bool = False


class GitCommitAnswer(Answer, frozen=True):
    """The data of a commit in git, and GitHub's verdict on its signature."""

    verification: VerificationAnswer = VerificationAnswer()


class PullCommitAnswer(Answer, frozen=True):
    """One of `GET …/pulls/{number}/commits`."""

    sha: str
    commit: GitCommitAnswer = GitCommitAnswer()
