"""The refs that every worker sees: on the remote when there is one, else in this repository.

Reading goes through a private mirror (`refs/gitcoord-mirror/REMOTE/`), so that nothing of the user's is
touched; writing is compare-and-swap. A failed write is never judged by its text: the refs are read again.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.git.checked_out import CheckedOut
from gitcoord.git.repository import Repository
from gitcoord.git.run import Oid, Result

HEADS = "refs/heads/"


class Update(msgspec.Struct, frozen=True):
    """One ref to move from `old` (None: it must not exist) to `new` (None: it goes)."""

    ref: str
    old: Oid | None
    new: Oid | None


class SharedRefs:
    """Branches and gitcoord's own refs, as all workers see them."""

    def __init__(self, repository: Repository, state_prefix: str) -> None:
        self.repository = repository
        self.git = repository.git
        self.state_prefix = state_prefix

    @property
    def remote(self) -> str | None:
        """The remote that holds the refs, or None when this repository does."""
        return self.repository.remote

    def refresh(self) -> None:
        """Fetches branches and state into the mirror; raises `unreachable` when the remote is silent."""
        if self.remote is None:
            return
        result = self._fetch(self.remote)
        if result.code != 0:
            raise self._unreachable(result)

    def _fetch(self, remote: str) -> Result:
        from filelock import FileLock
        from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random_exponential

        specs = [
            f"+{HEADS}*:{self._mirror}{HEADS}*",
            f"+{self.state_prefix}*:{self._mirror}{self.state_prefix}*",
        ]
        options = ("--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-gc")
        with FileLock(self.repository.common_dir / "gitcoord-fetch.lock"):
            # A remote that is written to while it is read answers with errors that pass.
            patience = Retrying(
                retry=retry_if_result(lambda result: result.code != 0),
                stop=stop_after_attempt(3),
                wait=wait_random_exponential(multiplier=0.1, max=1),
                retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
            )
            ended: Result = patience(self.git.run, "fetch", "--quiet", *options, "--", remote, *specs, ok=())
        return ended

    def read(self, ref: str) -> Oid | None:
        """Where `ref` (a full name) points, as of the last refresh."""
        found = self.git.probe("rev-parse", "--verify", "--quiet", "--end-of-options", self._local(ref))
        return found or None

    def branch(self, name: str) -> Oid | None:
        """The tip of the branch `name`, as of the last refresh."""
        return self.read(HEADS + name)

    def list(self, prefix: str) -> Mapping[str, Oid]:
        """Every ref under `prefix` (full names) with its target, as of the last refresh."""
        local = self._local(prefix)
        lines = self.git.lines("for-each-ref", "--format=%(objectname) %(refname)", local.rstrip("/"))
        pairs = (line.split(" ", 1) for line in lines)
        return {prefix + name.removeprefix(local): oid for oid, name in pairs if name.startswith(local)}

    def branches(self) -> Mapping[str, Oid]:
        """The tip of every branch by its short name."""
        return {name.removeprefix(HEADS): oid for name, oid in self.list(HEADS).items()}

    def publish(self, updates: Sequence[Update], *, hooks: bool = False) -> bool:
        """Moves all refs or none. True when they moved (or had already), False when somebody else was faster.

        Raises `push-refused` when nobody was faster and it failed all the same, and `worktree-in-the-way`
        when a branch is checked out here with changes that moving it would lose.
        """
        if self.remote is None:
            return self._publish_here(updates)
        result = self._push(updates, hooks=hooks)
        if result.code == 0:
            self._write_mirror(updates)
            return True
        self.refresh()
        now = {update.ref: self.read(update.ref) for update in updates}
        if all(now[update.ref] == update.new for update in updates):
            return True
        if any(now[update.ref] != update.old for update in updates):
            return False
        raise self._refused(updates, result)

    @cached_property
    def _mirror(self) -> str:
        return f"refs/gitcoord-mirror/{self.remote}/"

    def _local(self, ref: str) -> str:
        return ref if self.remote is None else self._mirror + ref

    def _push(self, updates: Sequence[Update], *, hooks: bool) -> Result:
        leases = [f"--force-with-lease={update.ref}:{update.old or ''}" for update in updates]
        specs = [f"{update.new or ''}:{update.ref}" for update in updates]
        atomic = ("--atomic",) if len(updates) > 1 else ()
        options = ("--quiet", "--no-follow-tags", "--recurse-submodules=no", *atomic, *leases)
        return self.git.run("push", *options, "--", self.remote or "", *specs, hooks=hooks, ok=())

    def _write_mirror(self, updates: Sequence[Update]) -> None:
        lines = []
        for update in updates:
            name = self._local(update.ref)
            lines.append(f"update {name} {update.new}" if update.new else f"delete {name}")
        # The mirror is a cache: another process may hold its lock and is then writing the same thing.
        self.git.run("update-ref", "--stdin", input="\n".join([*lines, ""]).encode(), ok=())

    def _publish_here(self, updates: Sequence[Update]) -> bool:
        zero = "0" * 40
        lines = [f"update {u.ref} {u.new or zero} {u.old or zero}" for u in updates]
        with CheckedOut(self.git, [(u.ref, u.old, u.new) for u in updates]) as moving:
            result = self.git.run("update-ref", "--stdin", input="\n".join([*lines, ""]).encode(), ok=())
            if result.code == 0:
                moving.keep()
                return True
        now = {update.ref: self.read(update.ref) for update in updates}
        if all(now[update.ref] == update.new for update in updates):
            return True
        if any(now[update.ref] != update.old for update in updates) or "cannot lock ref" in result.stderr:
            return False
        raise self._refused(updates, result)

    def _refused(self, updates: Sequence[Update], result: Result) -> GitcoordError:
        names = ", ".join(update.ref.removeprefix(HEADS) for update in updates)
        where = f"The remote {self.remote}" if self.remote else "Git"
        return GitcoordError(
            "push-refused",
            f"{where} refused to move {names}: {result.reason}",
            hint="Check that you may push there, and that the branch is not protected against it.",
        )

    def _unreachable(self, result: Result) -> GitcoordError:
        return GitcoordError(
            "unreachable",
            f"The remote {self.remote} cannot be read: {result.reason}",
            hint=f"Try `git fetch {self.remote}`; check the network, the URL and your credentials.",
        )
