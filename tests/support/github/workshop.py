"""A clone to write branches in, for tests of the emulator and of its clients."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.github.gitside import git_environment
from tests.support.github.repository import EmulatedRepository


class Workshop:
    """A working copy that pushes to an emulated repository."""

    def __init__(self, directory: Path, repository: EmulatedRepository) -> None:
        self.directory = directory
        self.repository = repository
        directory.mkdir(parents=True)
        self.git("init", "-q", "-b", repository.default_branch)
        self.git("remote", "add", "origin", str(repository.git_dir))

    def git(self, *arguments: str) -> str:
        """Runs git, and returns what it printed."""
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            env=git_environment(),
            check=False,
        )
        assert done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str | None], message: str) -> str:
        """Commits these files (None: deleted) on the branch that is checked out."""
        for name, text in files.items():
            path = self.directory / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, files: Mapping[str, str | None], *, start: str = "main") -> str:
        """Writes a branch with one commit on `start`, pushes it, and returns its commit."""
        self.git("checkout", "-q", "-B", name, start)
        sha = self.commit(files, f"Write {name}")
        self.push(name)
        return sha

    def push(self, *refspecs: str) -> None:
        """Pushes; straight into the bare repository, without HTTP."""
        self.git("push", "-q", "origin", *refspecs)
