"""Generates files on this machine, in a checkout beside those of checks (`landing/generated_files`)."""

import contextlib
import os
import signal
from collections.abc import Sequence
from itertools import chain

import msgspec

from gitcoord.checks.memo import CheckMemo, read_result, write_result
from gitcoord.checks.model import CheckCommand, CheckResult, CheckTarget
from gitcoord.conflicts.regeneration_commands import Maker
from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.git.repository import Repository
from gitcoord.settings import RuleSettings, RunSettings
from gitcoord.worker.checking.checker import check_environment, slots_directory
from gitcoord.worker.checking.checkouts import source_of
from gitcoord.worker.checking.fork_server import ForkServer
from gitcoord.worker.checking.process import CheckOrder, write_order

_LOG_BYTES = 1 << 20
_LONGEST_WAIT = 3600.0
_BEYOND_GRACE = 10.0


class LocalFilesMaker:
    """Runs the commands of `regenerate` one after the other.

    `slots` is the number of checks that run at the same time. `like` has the limits of a check, and
    everything on which a result depends, except for the tree and the commands.
    """

    def __init__(
        self, repository: Repository, rules: RuleSettings, run: RunSettings, like: CheckCommand, slots: int
    ) -> None:
        self._repository = repository
        self._rules = rules
        self._like = like
        self._count = slots + 1
        self._source = source_of(repository.git, repository.common_dir)
        self._place = slots_directory(repository, run.worktrees)
        self._server = ForkServer(check_environment(os.environ, run.pass_environment))
        self._known: dict[tuple[Oid, tuple[Maker, ...]], CheckResult] = {}
        self._memo: CheckMemo | None = None

    def make(self, tree: Oid, parent: Oid, due: Sequence[Maker]) -> CheckResult:
        """See `FilesMaker`."""
        key = (tree, tuple(due))
        if key not in self._known:
            result = self._known[key] = self._kept(tree, due) or self._run(tree, parent, due)
            if result.outcome == "passed" and result.made != tree:
                self._learn_made(result, due)
        return self._known[key]

    def forget(self) -> None:
        """See `FilesMaker`."""
        self._known = {key: result for key, result in self._known.items() if result.outcome == "passed"}

    def close(self) -> None:
        """Ends the server of its processes, and deletes the oldest stored results."""
        self._server.close()
        if self._memo is not None:
            self._memo.make_room()

    def _learn_made(self, result: CheckResult, due: Sequence[Maker]) -> None:
        """Stores that generating again changes nothing: from equal files, a command generates equal files."""
        again = msgspec.structs.replace(result, tree=result.made)
        self._known[result.made, tuple(due)] = again
        place = self._memo_of(due).place(result.made)
        with contextlib.suppress(OSError):
            place.mkdir(parents=True, exist_ok=True)
            write_result(place, again)

    def _memo_of(self, due: Sequence[Maker]) -> CheckMemo:
        shell = ("shell",) if self._like.shell else ()
        words = chain(("regenerate", *shell), *((one.directory, one.command, *one.paths) for one in due))
        command = CheckCommand(text="\0".join(words), environment=self._like.environment)
        self._memo = CheckMemo(self._repository.common_dir, command)
        return self._memo

    def _kept(self, tree: Oid, due: Sequence[Maker]) -> CheckResult | None:
        """Returns the stored result of the tree, if all of its objects still exist."""
        result = self._memo_of(due).read(tree)
        if result is None or result.outcome != "passed":
            return None
        names = [result.made, *(f"{result.made}:{path}" for one in due for path in one.paths)]
        request = b"".join(os.fsencode(name) + b"\0" for name in names)
        found = self._repository.git.probe("rev-parse", "--verify", "--quiet", f"{result.made}^{{tree}}")
        if found is None:
            return None
        told = self._repository.git.run("cat-file", "--batch-check", "-z", input=request, ok=())
        return result if told.code == 0 and b" missing" not in told.stdout else None

    def _run(self, tree: Oid, parent: Oid, due: Sequence[Maker]) -> CheckResult:
        place = self._memo_of(due).place(tree)
        order = CheckOrder(
            target=CheckTarget(tree=tree, parent=parent, again=True),
            argv=(),
            source=self._source,
            slots=str(self._place),
            count=self._count,
            seconds=self._like.seconds,
            grace=self._like.grace,
            clean=self._like.clean,
            log_bytes=_LOG_BYTES,
            makers=tuple(due),
            rules=self._rules,
            shell=self._like.shell,
        )
        try:
            write_order(place, order)
            process = self._server.start(place)
        except OSError as error:
            raise GitcoordError(
                "engine-refused",
                f"The commands that generate files cannot be started in {place}: {error.strerror or error}.",
                hint="Free disk space or end other processes, then run the command again.",
            ) from error
        try:
            while not process.wait(_LONGEST_WAIT):
                pass
        except BaseException:
            process.signal(signal.SIGTERM)
            process.wait(self._like.grace + _BEYOND_GRACE)
            raise
        result = read_result(place)
        if result is None or result.tree != tree:
            return CheckResult(
                tree=tree, outcome="unclear", reason="its process has ended and left no result"
            )
        return result
