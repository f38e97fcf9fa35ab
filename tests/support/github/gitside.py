"""The git side of one repository: cheap reads in-process, merges and compare-and-swap by git itself."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

from tests.support.github import push_rules
from tests.support.github.model import Protection

GITHUB = ("GitHub", "noreply@github.com")
_CONFIG = {
    "receive.hideRefs": "refs/pull",
    "receive.autogc": "false",
    "gc.auto": "0",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
}


def git_environment() -> dict[str, str]:
    """An environment in which git sees nothing of the machine's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


class GitSide:
    """A bare repository."""

    def __init__(self, path: Path, default_branch: str) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._git("init", "-q", "--bare", "--template=", "-b", default_branch, str(path), bare=False)
        with (path / "config").open("a", encoding="utf-8") as config:
            for key, value in _CONFIG.items():
                section, name = key.split(".")
                config.write(f"[{section}]\n\t{name} = {value}\n")
        self._objects = pygit2.Repository(str(path))

    def _git(self, *arguments: str, bare: bool = True) -> subprocess.CompletedProcess[str]:
        place = ("--git-dir", str(self.path)) if bare else ()
        return subprocess.run(
            ["git", *place, *arguments], capture_output=True, text=True, env=git_environment(), check=False
        )

    def resolve(self, ref: str) -> str | None:
        """The object that a full ref name stands for."""
        try:
            return str(self._objects.references[ref].resolve().target)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def tip(self, branch: str) -> str | None:
        """The commit of a branch."""
        return self.resolve(f"refs/heads/{branch}")

    def commit_named(self, name: str) -> str | None:
        """The commit that a branch, a full ref name or a full id stands for."""
        return self.tip(name) or self.resolve(name) or (name if self.has_commit(name) else None)

    def has_commit(self, sha: str) -> bool:
        """Whether this full id is a commit of the repository."""
        if len(sha) != 40:
            return False
        try:
            return self._objects[sha].type == ObjectType.COMMIT
        except (KeyError, ValueError):
            return False

    def refs(self, prefix: str) -> dict[str, str]:
        """Every ref whose full name starts with `prefix`."""
        names = sorted(name for name in self._objects.references if name.startswith(prefix))
        found = ((name, self.resolve(name)) for name in names)
        return {name: sha for name, sha in found if sha is not None}

    def commit(self, sha: str) -> pygit2.Commit:
        """A commit's own record."""
        return self._objects[sha].peel(pygit2.Commit)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`."""
        return old == new or self._objects.descendant_of(new, old)

    def merge_base(self, ours: str, theirs: str) -> str | None:
        """A best common ancestor, None for unrelated histories."""
        found = self._objects.merge_base(ours, theirs)
        return None if found is None else str(found)

    def ahead_behind(self, head: str, base: str) -> tuple[int, int]:
        """How many commits only `head` has, and how many only `base` has."""
        ahead, behind = self._objects.ahead_behind(head, base)
        return ahead, behind

    def changes(self, base: str, head: str) -> tuple[int, int, int]:
        """Files changed, lines added and lines deleted between two commits."""
        stats = self._objects.diff(base, head).stats
        return stats.files_changed, stats.insertions, stats.deletions

    def commits_between(self, base: str, head: str, *, merges: bool = True) -> list[str]:
        """The commits that only `head` has, oldest first."""
        flags = () if merges else ("--no-merges",)
        listed = self._git("rev-list", "--reverse", "--topo-order", *flags, f"{base}..{head}")
        return listed.stdout.split()

    def merge_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of merging two commits as merge-ort does it; None when they conflict."""
        done = self._git("merge-tree", "--write-tree", "--no-messages", ours, theirs)
        if done.returncode == 0:
            return done.stdout.split()[0]
        if done.returncode == 1:
            return None
        raise RuntimeError(f"git merge-tree {ours} {theirs}: {done.stderr}")

    def is_signed(self, sha: str) -> bool:
        """Whether GitHub takes a commit for signed: it signs those that it makes itself."""
        commit = self.commit(sha)
        signature, _ = commit.gpg_signature
        return bool(signature) or (commit.committer.name, commit.committer.email) == GITHUB

    def tree_of(self, sha: str) -> str:
        """The tree id of a commit."""
        return str(self.commit(sha).tree_id)

    def write_commit(
        self,
        tree: str,
        parents: list[str],
        message: str,
        *,
        author: pygit2.Signature | tuple[str, str],
    ) -> str:
        """Writes a commit that GitHub commits."""
        now = int(time.time())
        by = author if isinstance(author, pygit2.Signature) else pygit2.Signature(*author, now, 0)
        committer = pygit2.Signature(*GITHUB, now, 0)
        return str(self._objects.create_commit(None, by, committer, message, tree, list(parents)))

    def with_file(self, sha: str, name: str, text: str) -> str:
        """A copy of a commit that has one more file."""
        commit = self.commit(sha)
        builder = self._objects.TreeBuilder(commit.tree)
        builder.insert(name, self._objects.create_blob(text.encode()), FileMode.BLOB)
        parents = [str(parent) for parent in commit.parent_ids]
        made = (commit.author, commit.committer, commit.message, str(builder.write()), parents)
        return str(self._objects.create_commit(None, *made))

    def rebase(self, onto: str, head: str) -> str | None:
        """Replays what only `head` has on `onto`, leaving merges out; None when a commit does not apply.

        git 2.39 has neither `replay` nor `merge-tree --merge-base`: a made-up commit with the tree of the tip
        and the parent of the replayed commit makes that parent the merge base, so merge-tree cherry-picks.
        """
        tip = onto
        for sha in self.commits_between(onto, head, merges=False):
            original = self.commit(sha)
            parents = [str(parent) for parent in original.parent_ids]
            if not parents:
                return None
            stand_in = self.write_commit(self.tree_of(tip), parents, "stand-in", author=GITHUB)
            tree = self.merge_tree(stand_in, sha)
            if tree is None:
                return None
            if tree == self.tree_of(tip):
                continue
            tip = self.write_commit(tree, [tip], original.message, author=original.author)
        return tip

    def files(self, base: str, head: str) -> list[tuple[str, str, int, int, str]]:
        """Status letter, path, lines added and deleted, and blob of every file that `head` changed."""
        found = []
        for patch in filter(None, self._objects.diff(base, head)):
            _, added, deleted = patch.line_stats
            delta = patch.delta
            side = delta.old_file if delta.status_char() == "D" else delta.new_file
            found.append((delta.status_char(), side.path, added, deleted, str(side.id)))
        return found

    def write_push_rules(self, rules: Mapping[str, Sequence[Protection]], user: str) -> None:
        """Puts the protections where the hook that every push goes through reads them."""
        push_rules.write(self.path, rules, user)

    def move(self, ref: str, new: str, old: str | None = None) -> bool:
        """Moves a ref if it still is at `old` (None: wherever it is)."""
        expected = () if old is None else (old,)
        return self._git("update-ref", ref, new, *expected).returncode == 0

    def create(self, ref: str, sha: str) -> bool:
        """Creates a ref that must not exist yet."""
        return self.move(ref, sha, "0" * 40)

    def delete(self, ref: str) -> None:
        """Deletes a ref."""
        self._git("update-ref", "-d", ref)
