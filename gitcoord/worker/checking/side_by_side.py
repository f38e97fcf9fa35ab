"""A check of several repositories side by side, each in its own checkout at a given commit."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from gitcoord.checks.memo import LOG_FILE, CheckMemo, write_result
from gitcoord.checks.model import CheckCommand, CheckResult
from gitcoord.engines.processes import MARK
from gitcoord.errors import GitcoordError
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.settings import RunSettings
from gitcoord.worker.attempt.command_process import Command, CommandEnd, command_words, run_command
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.signals import listening
from gitcoord.worker.checking.checker import check_environment, default_slots, slots_directory
from gitcoord.worker.checking.checkouts import Waiting, held_slot, source_of

VARIABLE = "GITCOORD_REPOSITORY_"
_LOG_BYTES = 1 << 20
_LAST = 200


class SideBySideCheck:
    """Runs one command on several repositories.

    The first one stores the results, and its checkout is the command's working directory.
    """

    def __init__(
        self, repositories: Mapping[str, Repository], command: CheckCommand, run: RunSettings
    ) -> None:
        self._repositories = repositories
        self._home = next(iter(repositories.values()))
        self._command = command
        self._run_settings = run

    def check(self, commits: Mapping[str, Oid]) -> CheckResult:
        """Returns the result at these commits, one for each repository; caches a passed one by their trees.

        Raises GitcoordError if a checkout cannot be made.
        """
        trees = {name: tree_of(self._repositories[name].git, commit) for name, commit in commits.items()}
        words = " ".join((self._command.environment, *(f"{name}={tree}" for name, tree in trees.items())))
        memo = CheckMemo(
            self._home.common_dir, msgspec.structs.replace(self._command, environment=words.strip())
        )
        first = next(iter(trees.values()))
        known = memo.read(first)
        if known is not None and known.outcome == "passed":
            return known
        place = memo.place(first)
        place.mkdir(parents=True, exist_ok=True)
        result = self._checked(commits, trees, place)
        write_result(place, result)
        return result

    def _checked(self, commits: Mapping[str, Oid], trees: Mapping[str, Oid], place: Path) -> CheckResult:
        directories: dict[str, Path] = {}
        began = time.monotonic()
        with ExitStack() as held:
            for name, commit in commits.items():
                repository = self._repositories[name]
                slots = slots_directory(repository, self._run_settings.worktrees)
                source = source_of(repository.git, repository.common_dir)
                slot = held.enter_context(held_slot(slots, default_slots(), source, given_up=_never()))
                if slot is None:
                    raise GitcoordError("worktree-failed", f"No checkout of {name} is free for the check.")
                slot.move_to(trees[name], commit, clean=self._command.clean)
                directories[name] = slot.directory
            ended = self._run(directories, place / LOG_FILE)
        output = (place / LOG_FILE).read_text("utf-8", "replace")[-4000:]
        return CheckResult(
            tree=next(iter(trees.values())),
            outcome="passed" if ended.succeeded else "failed" if ended.why == "by itself" else "unclear",
            code=ended.code,
            reason="" if ended.succeeded else _reason(ended, output),
            output=output,
            seconds=round(time.monotonic() - began, 3),
        )

    def _run(self, directories: Mapping[str, Path], log_file: Path) -> CommandEnd:
        named = {variable_of(name): str(directory) for name, directory in directories.items()}
        first = next(iter(directories.values()))
        command = Command(
            argv=_words(self._command),
            directory=first,
            environment={
                **check_environment(os.environ, self._run_settings.pass_environment),
                **named,
                MARK: str(first),
            },
        )
        log_file.unlink(missing_ok=True)
        log = Log(log_file, _LOG_BYTES, echo=None)
        seconds = self._command.seconds
        until = None if seconds is None else time.monotonic() + seconds
        try:
            with listening() as stop:
                return run_command(command, log, stop=stop, until=until, grace=self._command.grace)
        finally:
            log.close()


def variable_of(name: str) -> str:
    """Returns the name of the variable with the path of a repository's checkout."""
    return VARIABLE + name.replace("-", "_").upper()


def _words(command: CheckCommand) -> Sequence[str]:
    return command_words(command.text, shell=command.shell)


def _reason(ended: CommandEnd, output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = f": {lines[-1][:_LAST]}" if lines else ""
    if ended.why == "by itself":
        return f"it ended with code {ended.code}{last}"
    return f"it was ended ({ended.why}){last}"


def _never() -> Waiting:
    first = True

    def given_up() -> bool:
        nonlocal first
        if not first:
            time.sleep(0.2)
        first = False
        return False

    return given_up
