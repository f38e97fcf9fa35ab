"""Finds the program of an agent's command before anything begins."""

import os
import shlex
import shutil
from pathlib import Path

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.git.remote_refs import SharedRefs


def with_program(command: str, directory: Path, shared: SharedRefs, *, shell: bool) -> str:
    """Returns the command with the absolute path of its program, if that is relative to `directory`.

    Returns the command unchanged if its program exists only on branches, because the worker's checkout will
    have it; and if it is a shell command. Raises (exit 2) `usage` for a command that cannot be parsed,
    `no-agent` or `no-program`.
    """
    if shell:
        return command
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise usage_error("usage", f"The agent command {command!r} cannot be read: {error}.") from None
    if not words:
        raise usage_error("no-agent", "The agent command is empty.", "Use `--agent 'COMMAND'`.")
    name = words[0]
    if "/" not in name:
        if shutil.which(name) is None:
            raise _no_program(f"{name} is not in PATH", "Install it, or give its path.")
        return command
    path = directory / name
    if path.is_file():
        if not os.access(path, os.X_OK):
            raise _no_program(f"{path} is not executable", f"Run `chmod +x {shlex.quote(str(path))}`.")
        whole = os.path.abspath(path)  # noqa: PTH100 - links stay
        return command if Path(name).is_absolute() else shlex.join((whole, *words[1:]))
    if not Path(name).is_absolute() and _in_a_branch(shared, os.path.normpath(name)):
        return command
    where = "" if Path(name).is_absolute() else f" in {directory}, nor in any branch"
    raise _no_program(
        f"{name} is not a file{where}",
        "Check the path. On the command line it is relative to the current directory, in the settings to the "
        "repository's top directory.",
    )


def _in_a_branch(shared: SharedRefs, path: str) -> bool:
    if path.startswith("..") or "\n" in path:
        return False
    shared.refresh()
    commits = ("HEAD", *set(shared.branches().values()))
    asked = "".join(f"{commit}:{path}\n" for commit in commits)
    answers = shared.git.text("cat-file", "--batch-check", input=os.fsencode(asked))
    return any(" blob " in line for line in answers.splitlines())


def _no_program(what: str, hint: str) -> GitcoordError:
    return usage_error("no-program", f"The agent cannot be started: {what}.", hint)
