"""The git program: one process per call, never through a shell, never interactive, errors translated."""

import os
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.redact import redact

Oid = str
"""A full object id in hex."""

_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_MERGE_AUTOEDIT": "no",
}
_CONFIG = (
    # GitHub's own behaviour, whatever the user's configuration says.
    ("merge.directoryRenames", "conflict"),
    ("core.quotePath", "false"),
    ("advice.detachedHead", "false"),
)
_WITHOUT_HOOKS = ("-c", f"core.hooksPath={os.devnull}")


class Result(msgspec.Struct, frozen=True):
    """How a git process ended: exit code, raw stdout, redacted stderr."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """stdout as text without the last line feed; bytes that are not UTF-8 survive as surrogates."""
        return os.fsdecode(self.stdout).removesuffix("\n")

    @property
    def reason(self) -> str:
        """The line of stderr that says most: the first `fatal:` or `error:` one, else the last."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        for line in lines:
            if line.startswith(("fatal:", "error:", "remote: error:", "! [")):
                return line
        return lines[-1] if lines else f"exit code {self.code}"


class Git:
    """The git program in one directory. `environment` is added to every process."""

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self._environment = dict(environment or {})

    def run(
        self,
        *arguments: str,
        input: bytes | None = None,
        ok: Collection[int] = (0,),
        hooks: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Result:
        """Runs `git ARGUMENTS` and returns how it ended.

        Raises `git-failed` when the exit code is not in `ok` (an empty `ok` accepts any), and `no-git`
        when there is no git program. Hooks of the repository run only when `hooks` is set.
        """
        argv = ["git", *(() if hooks else _WITHOUT_HOOKS), *self._config(), *arguments]
        env = {**os.environ, **_ENVIRONMENT, **self._environment, **(environment or {})}
        try:
            ended = subprocess.run(
                argv,
                cwd=self.directory,
                env=env,
                capture_output=True,
                check=False,
                input=input if input is not None else b"",
            )
        except FileNotFoundError as error:
            raise _cannot_start(self.directory) from error
        stderr = redact(os.fsdecode(ended.stderr))
        result = Result(ended.returncode, ended.stdout, stderr)
        if ok and result.code not in ok:
            raise GitcoordError("git-failed", f"`git {_shown(arguments)}` failed: {result.reason}")
        return result

    def text(self, *arguments: str, input: bytes | None = None) -> str:
        """stdout of a git command that has to succeed."""
        return self.run(*arguments, input=input).text

    def lines(self, *arguments: str) -> list[str]:
        """stdout of a git command that has to succeed, line by line."""
        return self.text(*arguments).splitlines()

    def probe(self, *arguments: str) -> str | None:
        """stdout of a git command, or None when it exits with another code than 0."""
        result = self.run(*arguments, ok=())
        return result.text if result.code == 0 else None

    def at(self, directory: Path) -> "Git":
        """The same git in another directory."""
        return Git(directory, self._environment)

    @contextmanager
    def quarantine(self) -> Iterator["Git"]:
        """A git whose new objects go to a temporary place and vanish with the block."""
        objects = self.text("rev-parse", "--path-format=absolute", "--git-path", "objects")
        with tempfile.TemporaryDirectory(prefix="gitcoord-objects-", dir=_fast_directory()) as scratch:
            alternates = [objects, *filter(None, [os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")])]
            yield Git(
                self.directory,
                {
                    **self._environment,
                    "GIT_OBJECT_DIRECTORY": scratch,
                    "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(alternates),
                },
            )

    def _config(self) -> Iterator[str]:
        for key, value in _CONFIG:
            yield from ("-c", f"{key}={value}")


def _fast_directory() -> str | None:
    memory = Path("/dev/shm")  # noqa: S108 - a private directory is made inside it
    return str(memory) if os.access(memory, os.W_OK) else None


def _cannot_start(directory: Path) -> GitcoordError:
    if not directory.is_dir():
        return GitcoordError("no-directory", f"The directory {directory} does not exist.")
    return GitcoordError("no-git", "The git program was not found.", hint="Install git 2.39 or newer.")


def _shown(arguments: Sequence[str]) -> str:
    words = list(arguments[:3])
    return redact(" ".join(words) + (" …" if len(arguments) > len(words) else ""))
