"""A repository with worktrees of every kind that agents and people leave behind."""

import random
import subprocess
from pathlib import Path

from tests.support.repos import Repo

LINES = 40
GOES = {
    *("merged", "fast-forwarded", "squashed", "squashed, and changed since", "rebased", "cherry-picked"),
    *("stacked", "generated files", "detached"),
}
"""The kinds whose work is in the base, and that hold nothing else."""
STAYS = {
    *(
        "not landed",
        "partly landed",
        "reverted",
        "merged and reverted",
        "cancelled out",
        "stacked, not landed",
    ),
    *("reset away", "dirty", "untracked", "hidden", "secret", "locked", "in use", "abandoned", "rebasing"),
}


class Fleet:
    """One repository without a remote; `main` is the base. `kinds` maps worktrees to what they are."""

    def __init__(self, directory: Path, seed: int = 1) -> None:
        self.directory = directory
        self.repo = Repo.create(directory / "repo")
        files = {f"src/{name}.txt": self.text(name) for name in "abcdefgh"}
        ignored = "node_modules/\n.env\n"
        self.repo.commit({**files, ".gitignore": ignored}, "first commit")
        self.repo.git("switch", "--quiet", "-c", "desk")  # so that nobody follows main
        self.kinds: dict[str, str] = {}
        self.processes: list[subprocess.Popen[bytes]] = []
        self._dice = random.Random(seed)
        self._count = 0

    @staticmethod
    def text(name: str, **changed: str) -> str:
        """A file of lines, some of them changed."""
        told = {int(line[1:]): text for line, text in changed.items()}
        return "".join(f"{told.get(line, f'{name} {line}')}\n" for line in range(LINES))

    def close(self) -> None:
        """Ends what works in worktrees."""
        for process in self.processes:
            process.kill()
            process.wait()

    def add(self, kind: str) -> Path:
        """One more worktree, of this kind."""
        self._count += 1
        name = f"{kind.replace(' ', '-').replace(',', '')}-{self._count}"
        path = self.directory / "trees" / name
        plain = kind.replace(",", "").replace(" ", "_").replace("-", "_")
        getattr(self, f"_{plain}")(name, path, f"agent/{name}")
        self.kinds[str(path)] = kind
        return path

    def _worktree(self, path: Path, branch: str) -> None:
        self.repo.git("worktree", "add", "--quiet", str(path), branch)

    def _work(self, branch: str, *, commits: int = 2, at: str = "main") -> None:
        """Commits that each change a line of an own file and add one."""
        for number in range(commits):
            text = f"{branch} {number}"
            self.repo.commit({f"work/{branch}/{number}.txt": f"{text}\n"}, text, branch=branch, at=at)

    def _squash(self, branch: str, message: str = "") -> str:
        tree = self.repo.git("merge-tree", "--write-tree", "main", branch)
        return self._commit(tree, message or f"Squash {branch}")

    def _commit(self, tree: str, message: str, *more: str) -> str:
        parents = [word for parent in ("main", *more) for word in ("-p", parent)]
        commit = self.repo.git("commit-tree", tree, *parents, "-m", message)
        self.repo.git("update-ref", "refs/heads/main", commit)
        return commit

    def _landed(self, path: Path, branch: str) -> None:
        self._work(branch)
        self._squash(branch)
        self._worktree(path, branch)

    def _merged(self, name: str, path: Path, branch: str) -> None:
        self._work(branch)
        self._commit(self.repo.git("merge-tree", "--write-tree", "main", branch), f"Merge {branch}", branch)
        self._worktree(path, branch)

    def _fast_forwarded(self, name: str, path: Path, branch: str) -> None:
        self.repo.git("branch", branch, "main")
        self._worktree(path, branch)
        (path / "new.txt").write_text(name)
        Repo(path).git("add", "new.txt")
        Repo(path).git("commit", "--quiet", "-m", name)
        self.repo.git("update-ref", "refs/heads/main", self.repo.tip(branch))

    def _squashed(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)

    def _squashed_and_changed_since(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        self.repo.commit({f"work/{branch}/0.txt": "something else\n", f"work/{branch}/1.txt": None}, "later")

    def _picked(self, branch: str, *between: str) -> None:
        for commit in self.repo.git("rev-list", "--reverse", f"main..{branch}").split():
            base = f"{commit}^"
            tree = self.repo.git("merge-tree", "--write-tree", "--allow-unrelated-histories", "main", commit)
            self._commit(tree, self.repo.git("show", "-s", "--format=%s", commit) or base)
            for text in between:
                self.repo.commit({f"between/{self._count}.txt": f"{text} {commit}\n"}, "between")

    def _rebased(self, name: str, path: Path, branch: str) -> None:
        self._work(branch, commits=3)
        self._picked(branch)
        self._worktree(path, branch)

    def _cherry_picked(self, name: str, path: Path, branch: str) -> None:
        self._work(branch)
        self._picked(branch, "between")
        self._worktree(path, branch)

    def _stacked(self, name: str, path: Path, branch: str) -> None:
        below = f"below/{name}"
        self._work(below)
        self._work(branch, at=below)
        self._squash(below)
        self._squash(branch)
        self._worktree(path, branch)

    def _stacked_not_landed(self, name: str, path: Path, branch: str) -> None:
        below = f"below/{name}"
        self._work(below)
        self._work(branch, at=below)
        self._squash(below)
        self._worktree(path, branch)

    def _generated_files(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        (path / "node_modules" / "left-pad").mkdir(parents=True)
        (path / "node_modules" / "left-pad" / "index.js").write_text("x" * 5000)

    def _detached(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        Repo(path).git("switch", "--quiet", "--detach")
        self.repo.git("branch", "--quiet", "-D", branch)

    def _not_landed(self, name: str, path: Path, branch: str) -> None:
        self._work(branch)
        self._worktree(path, branch)

    def _partly_landed(self, name: str, path: Path, branch: str) -> None:
        self._work(branch)
        self._squash(f"{branch}~1")
        self._worktree(path, branch)

    def _reverted(self, name: str, path: Path, branch: str) -> None:
        before = self.repo.tree("main")
        self._landed(path, branch)
        self._commit(before, f"Revert {branch}")

    def _merged_and_reverted(self, name: str, path: Path, branch: str) -> None:
        before = self.repo.tree("main")
        self._merged(name, path, branch)
        self._commit(before, f"Revert {branch}")

    def _reset_away(self, name: str, path: Path, branch: str) -> None:
        self.repo.git("branch", branch, "main")
        self._worktree(path, branch)
        (path / "idea.txt").write_text(name)
        Repo(path).git("add", "idea.txt")
        Repo(path).git("commit", "--quiet", "-m", name)
        Repo(path).git("reset", "--quiet", "--hard", "main")

    def _cancelled_out(self, name: str, path: Path, branch: str) -> None:
        self.repo.commit({"idea.txt": "an idea\n"}, branch=branch)
        self.repo.commit({"idea.txt": None}, branch=branch)
        self._worktree(path, branch)

    def _dirty(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        (path / "src" / "a.txt").write_text("changed\n")

    def _untracked(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        (path / "notes.md").write_text("notes\n")

    def _hidden(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        Repo(path).git("update-index", "--assume-unchanged", "src/b.txt")
        (path / "src" / "b.txt").write_text("changed\n")

    def _secret(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        (path / ".env").write_text(f"KEY={name}\n")

    def _locked(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        self.repo.git("worktree", "lock", "--reason", "on a stick", str(path))

    def _in_use(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        self.processes.append(subprocess.Popen(["sleep", "86400"], cwd=path))

    def _abandoned(self, name: str, path: Path, branch: str) -> None:
        self._landed(path, branch)
        tree = Repo(path)
        tree.git("switch", "--quiet", "--detach")
        tree.git("commit", "--quiet", "--allow-empty", "-m", "an idea")
        tree.git("switch", "--quiet", branch)

    def _rebasing(self, name: str, path: Path, branch: str) -> None:
        file = f"work/{name}.txt"
        self.repo.commit({file: "one\n"}, branch=branch)
        self.repo.commit({file: "two\n"}, branch=branch)
        self._squash(branch)
        self.repo.commit({file: "three\n"})
        self._worktree(path, branch)
        Repo(path).git("rebase", "--quiet", "main", ok=(1,))
