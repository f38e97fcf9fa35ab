"""Finds the repository around a directory, and opens it: its remote, credentials and merge attributes."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.git.failures import TRACED, failure_of, traced_version
from gitcoord.git.git_cli import Git
from gitcoord.git.git_result import GitResult
from gitcoord.git.remotes import Remote, address_of, read_remotes
from gitcoord.git.repository import Repository

MINIMUM_GIT = (2, 39)
USUAL_REMOTE = "origin"
_COMMON_DIR = ("--path-format=absolute", "--git-common-dir")


class RepositoryPlace(msgspec.Struct, frozen=True):
    """The location of a repository, before its settings are read."""

    git: Git
    root: Path | None
    common_dir: Path

    def open(
        self,
        remote: str = USUAL_REMOTE,
        union: Sequence[str] = (),
        environ: Mapping[str, str] = os.environ,
        regenerated: Collection[str] = (),
    ) -> Repository:
        """Opens the repository with the shared remote `remote`; for a missing `origin`, uses the only remote.

        `environ` has the credentials. Raises `no-such-remote` (exit 2) or `cannot-write`. Merges keep the
        lines of both sides in paths that match a pattern in `union`, and the first side's file in paths that
        match one in `regenerated`.
        """
        remotes = read_remotes(self.git)
        name = _remote_name(list(remotes), remote)
        git, added, address = self.git, dict[str, str](), name
        used = remotes.get(name or "")
        if used is not None:
            from gitcoord.git.credentials import appended, git_auth_environment

            added = git_auth_environment(used.url, environ) or self._same_place_everywhere(used)
            address, entries = address_of(used, set(remotes))
            if entries:
                added = {**added, **appended({**os.environ, **added}, entries)}
            git = git.with_environment(added)
        if union or regenerated:
            from gitcoord.git.merge_attributes import attributes_environment

            unmerged = tuple(regenerated)
            git = git.with_environment(
                attributes_environment(git, self.common_dir, added, union, unmerged), unmerged=unmerged
            )
        return Repository(git, self.root, self.common_dir, name, used, address)

    def _same_place_everywhere(self, remote: Remote) -> dict[str, str]:
        """Returns the environment in which every worktree resolves a relative URL as the main one does."""
        relative = sorted(filter(_is_relative, {remote.fetch_url, *remote.push_urls}))
        if not relative:
            return {}
        from gitcoord.git.credentials import appended

        bare = self.git.probe("config", "--type=bool", "--get", "core.bare") == "true"
        if not bare and self.common_dir.name != ".git":
            return {}  # The location of the main worktree is unknown.
        main = self.common_dir if bare else self.common_dir.parent
        absolute = [os.path.normpath(main / path) for path in relative]
        entries = zip(absolute, relative, strict=True)
        return appended(os.environ, [(f"url.{place}.insteadOf", path) for place, path in entries])


def locate(start: Path | None = None) -> RepositoryPlace:
    """Finds the repository around `start`.

    Raises `old-git`, `no-repository`, `unsafe-repository` or `damaged-repository`.
    """
    git = Git(start or Path.cwd())
    # One process answers all questions, and prints git's version. It prints the relative path to the top
    # (`../..`), not the absolute one: absolute paths may contain line feeds, so only the last answer can be a
    # path.
    asked = ("rev-parse", "--is-inside-work-tree", "--show-cdup", *_COMMON_DIR)
    found = git.run(*asked, ok=(), environment=TRACED)
    _check_version(git, found)
    if found.code != 0:
        raise _no_repository(git.directory, found)
    inside, _, rest = found.text.partition("\n")
    if inside != "true":  # The second line may be missing.
        common_dir = Path(git.text("rev-parse", *_COMMON_DIR))
        return RepositoryPlace(git.at(common_dir), None, common_dir)
    up, _, common = rest.partition("\n")
    root = (git.directory / up).resolve()
    return RepositoryPlace(git.at(root), root, Path(common))


def _remote_name(names: Sequence[str], wanted: str) -> str | None:
    if wanted in names:
        return wanted
    if not names:
        return None
    if wanted == USUAL_REMOTE and len(names) == 1:
        return names[0]
    # A wrong guess would store the state where no other worker reads it.
    raise usage_error(
        "no-such-remote",
        f"This repository has no remote {wanted} (it has: {', '.join(names)}).",
        "Set `remote` in gitcoord.toml to the one that all workers use.",
    )


def _is_relative(url: str) -> bool:
    """Whether git resolves the URL relative to its working directory."""
    return url != "" and not url.startswith(("/", "~")) and ":" not in url.split("/", 1)[0]


def _check_version(git: Git, ended: GitResult) -> None:
    version = traced_version(ended.stderr)
    shown = f"git version {version}" if version else git.text("version")
    match = re.search(r"(\d+)\.(\d+)", shown)
    if match and (int(match[1]), int(match[2])) < MINIMUM_GIT:
        wanted = ".".join(map(str, MINIMUM_GIT))
        raise GitcoordError(
            "old-git", f"{shown} is too old: gitcoord needs git {wanted} or newer.", hint="Upgrade git."
        )


def _no_repository(directory: Path, result: GitResult) -> GitcoordError:
    cause = failure_of(result.stderr).cause
    if cause == "untrusted":
        return GitcoordError(
            "unsafe-repository",
            f"Git does not trust the repository at {directory}: it belongs to another user.",
            hint=f"git config --global --add safe.directory {directory}",
        )
    if cause == "no-repository":
        from gitcoord.git.damage import damaged

        if (error := damaged(directory)) is not None:
            return error
        return GitcoordError(
            "no-repository",
            f"{directory} is not in a git repository.",
            hint="Change to a clone of the project, or run `git init`.",
        )
    return GitcoordError("no-repository", f"The repository at {directory} cannot be read: {result.reason}")
