"""The repository that a command works on: its location, its state, and the remote that workers share."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.remotes import Remote
from gitcoord.redact import redact


class Repository:
    """One git repository.

    `root` is the top of the working tree (None if bare), `common_dir` the git directory that all worktrees
    share, `remote` the remote's name (None if there is none), and `address` the name or URL to use for it on
    git's command line.
    """

    def __init__(
        self,
        git: Git,
        root: Path | None,
        common_dir: Path,
        remote: str | None,
        used: Remote | None = None,
        address: str | None = None,
    ) -> None:
        self.git = git
        self.root = root
        self.common_dir = common_dir
        self.remote = remote
        self.address = address or remote
        self._used = used
        self.ancestry = Ancestry(git)
        """The cached ancestry of commits, shared by all of this repository's users."""

    @property
    def bare(self) -> bool:
        """Whether there is no working tree."""
        return self.root is None

    @cached_property
    def remote_url(self) -> str | None:
        """The URL for reading from and writing to the remote; None without a remote or a URL."""
        if self._used is not None:
            return self._used.url or None
        return (
            None if self.remote is None else self.git.probe("remote", "get-url", "--push", "--", self.remote)
        )

    @property
    def other_urls(self) -> tuple[str, ...]:
        """The URLs that git uses for the remote in addition to gitcoord's, without logins."""
        return tuple(map(redact, self._used.others)) if self._used is not None else ()

    def several_urls(self) -> str:
        """Returns a sentence about a remote with several URLs; empty if it has one."""
        if not self.other_urls:
            return ""
        others, own = " and ".join(self.other_urls), redact(self.remote_url or "")
        return (
            f"Git also uses {others} for the remote {self.remote}; gitcoord reads and writes everything "
            f"through {own}, where git pushes to."
        )

    @cached_property
    def identity(self) -> dict[str, str]:
        """The variables to add for gitcoord's own commits: its own name if git does not know the user's."""
        missing = [
            who
            for who in ("AUTHOR", "COMMITTER")
            if not _names(os.environ, who) and self.git.probe("var", f"GIT_{who}_IDENT") is None
        ]
        named = {f"GIT_{who}_NAME": "gitcoord" for who in missing}
        return named | {f"GIT_{who}_EMAIL": "gitcoord@localhost" for who in missing}

    @cached_property
    def signs(self) -> bool:
        """Whether git is configured to sign commits.

        If so, gitcoord signs the commits that it adds to branches.
        """
        return self.git.probe("config", "--type=bool", "--get", "commit.gpgSign") == "true"

    def require_signer(self) -> None:
        """Raises `signer-failed` if git is configured to sign commits and cannot. Keeps no trial commit."""
        if not self.signs:
            return
        tree = self.empty_tree
        with self.git.quarantine() as aside:
            tried = aside.run(
                *("commit-tree", "-S", "-m", "gitcoord tries the signer", tree),
                ok=(),
                environment=self.identity,
            )
        if tried.code != 0:
            raise GitcoordError(
                "signer-failed",
                f"Git is configured to sign commits (commit.gpgSign), but cannot: {tried.reason}",
                hint="Check gpg.format and user.signingKey with `git commit-tree -S -m test HEAD^{tree}`, or "
                "set commit.gpgSign to false here.",
                passing="never",
            )

    @cached_property
    def empty_tree(self) -> Oid:
        """The empty tree, written if it is missing; its id depends on the repository's object format."""
        return self.git.text("hash-object", "-w", "-t", "tree", "--stdin")

    def read_in_process(self) -> None:
        """Reads single commits without git processes from now on, and caches merges; not in a shallow clone.

        Loading pygit2 pays off for commands that read many commits.
        """
        from gitcoord.git.object_reader import Objects

        if self.git.commits is None and not self.shallow:
            self.git.commits, self.git.merges, self.git.made = Objects(self.git, self.common_dir), {}, {}

    @property
    def shallow(self) -> bool:
        """Whether the clone is shallow, without the complete history."""
        return (self.common_dir / "shallow").exists()

    def current_branch(self) -> str | None:
        """Returns the branch of HEAD, or None if HEAD is detached."""
        # Not `--short`: it answers `heads/main` if a tag has the same name.
        ref = self.git.probe("symbolic-ref", "--quiet", "HEAD")
        return None if ref is None else ref.removeprefix("refs/heads/")

    def resolve(self, revision: str) -> Oid | None:
        """Returns the commit that `revision` names, or None."""
        return self.git.probe(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )

    def require_history(self) -> None:
        """Raises `no-commits` or `shallow` if commits cannot be merged here."""
        if self.shallow:
            raise GitcoordError(
                "shallow",
                "This clone is shallow, so merges cannot be computed from it.",
                hint="Run `git fetch --unshallow` first.",
            )
        if not self.git.probe(
            "for-each-ref", "--count=1", "--format=%(refname)", "refs/heads/", "refs/remotes/"
        ):
            raise no_commits()

    def require_working_tree(self) -> Path:
        """Returns the top of the working tree; raises `bare` if there is none."""
        if self.root is None:
            raise GitcoordError(
                "bare",
                f"{self.common_dir} has no working tree.",
                hint="Run the command in a clone, or use `--worktree DIR` if the command has that option.",
            )
        return self.root


def _names(environ: Mapping[str, str], who: str) -> bool:
    """Whether the environment alone gives git an identity for `who`, so that git need not be asked.

    Git refuses most names without a letter or digit, and dates that it cannot parse.
    """
    name, email, date = (environ.get(f"GIT_{who}_{key}", "") for key in ("NAME", "EMAIL", "DATE"))
    return any(map(str.isalnum, name)) and email.strip() != "" and not date


def no_commits() -> GitcoordError:
    """Makes the error for a repository without commits."""
    return GitcoordError(
        "no-commits",
        "This repository has no commits yet.",
        hint="Make a first commit, and push it if there is a remote.",
    )
