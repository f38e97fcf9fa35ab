"""A person who uses GitHub's pages while gitcoord is at work."""

from tests.support.github import background, merging, pulls
from tests.support.github.exchange import timestamp
from tests.support.github.hooks import Hooks
from tests.support.github.merging import MergeCall
from tests.support.github.model import Comment, Pull
from tests.support.github.repository import EmulatedRepository


class Person:
    """Somebody with write access to a repository; what GitHub does not let him do raises ApiError."""

    def __init__(self, repository: EmulatedRepository, login: str = "lisa") -> None:
        self.login = login
        self._repository = repository

    def open(
        self, head: str, base: str, title: str = "By hand", body: str = "", *, draft: bool = False
    ) -> int:
        """Opens a pull request; returns its number."""
        with self._in_step() as repository:
            return self._add(head, base, _tip(repository, head), title, body, draft=draft).number

    def open_from_fork(self, head: str, base: str, sha: str, title: str = "From a fork") -> int:
        """Opens a pull request from a branch of this person's fork that is at `sha`; returns its number.

        The commit has to be in the repository already, as forks share objects with it on GitHub.
        """
        with self._in_step() as repository:
            repository.forks[self.login, head] = sha
            return self._add(head, base, sha, title, "", fork=self.login).number

    def retarget(self, number: int, base: str) -> None:
        """Moves a pull request to another base."""
        with self._in_step() as repository:
            pulls.retarget(repository, self._touch(number), base)

    def close(self, number: int) -> None:
        """Closes a pull request without merging it."""
        with self._in_step():
            pull = self._touch(number)
            if pull.state == "open":
                pull.close()

    def reopen(self, number: int) -> None:
        """Opens a closed pull request again."""
        with self._in_step() as repository:
            pulls.reopen(repository, self._touch(number))

    def edit(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """Rewrites the title or the text."""
        with self._in_step():
            pull = self._touch(number)
            pull.title = pull.title if title is None else title
            pull.body = pull.body if body is None else body

    def comment(self, number: int, body: str) -> Comment:
        """Writes a comment."""
        with self._in_step() as repository:
            comment = Comment(repository.next_id(), self._touch(number).number, body, author=self.login)
            repository.comments.append(comment)
            return comment

    def set_draft(self, number: int, draft: bool) -> None:
        """Makes a pull request a draft, or takes that back."""
        with self._in_step():
            self._touch(number).draft = draft

    def start_conversation(self, number: int) -> None:
        """Asks something in a review, which somebody has to resolve."""
        with self._in_step():
            self._touch(number).unresolved += 1

    def resolve_conversations(self, number: int) -> None:
        """Resolves whatever was asked."""
        with self._in_step():
            self._touch(number).unresolved = 0

    def merge(
        self,
        number: int,
        *,
        method: str = "merge",
        title: str | None = None,
        message: str | None = None,
        delete_head: bool = False,
    ) -> str:
        """Merges by the button, with the title and the text that GitHub proposes or other ones."""
        with self._in_step() as repository:
            pull = self._touch(number)
            background.find_out(repository, pull)
            call = MergeCall(method, None, title, message, by=self.login)
            merging.merge(repository, pull, call, Hooks(), break_off=False)
            if delete_head and pull.fork is None:
                merging.delete_head(repository, pull)
            assert pull.merge_commit is not None
            return pull.merge_commit

    def delete_branch(self, name: str) -> None:
        """Deletes a branch on its page, which closes the pull requests that have it as head or base."""
        with self._in_step() as repository:
            repository.git.delete(f"refs/heads/{name}")
            repository.sync()

    def _in_step(self) -> "_InStep":
        return _InStep(self._repository)

    def _touch(self, number: int) -> Pull:
        pull = self._repository.pulls[number]
        pull.updated_at = timestamp()
        return pull

    def _add(
        self,
        head: str,
        base: str,
        head_sha: str,
        title: str,
        body: str,
        *,
        draft: bool = False,
        fork: str | None = None,
    ) -> Pull:
        repository = self._repository
        pull = Pull(
            number=repository.next_number(),
            title=title,
            body=body,
            head=head,
            base=base,
            head_sha=head_sha,
            base_sha=_tip(repository, base),
            draft=draft,
            mergeability=repository.fresh_mergeability(),
            author=self.login,
            fork=fork,
        )
        repository.pulls[pull.number] = pull
        repository.git.move(f"refs/pull/{pull.number}/head", head_sha)
        return pull


def _tip(repository: EmulatedRepository, branch: str) -> str:
    tip = repository.tip(branch)
    assert tip is not None, branch
    return tip


class _InStep:
    """Holds the repository's lock, with its pull requests as the branches are before and after."""

    def __init__(self, repository: EmulatedRepository) -> None:
        self._repository = repository

    def __enter__(self) -> EmulatedRepository:
        self._repository.lock.acquire()
        self._repository.sync()
        return self._repository

    def __exit__(self, *_: object) -> None:
        self._repository.lock.release()
