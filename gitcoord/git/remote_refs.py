"""The refs that all workers share: on the remote if there is one, else in this repository.

Reads through a private mirror, which leaves the user's refs unchanged; writes with compare-and-swap. Decides
whether a failed write took effect by reading the refs again, never by git's message.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Oid
from gitcoord.git.ref_cache import HEADS, Mirror, RefUpdate
from gitcoord.git.refs import Refs, name_clashes, read_refs, unreadable_refs
from gitcoord.git.repository import Repository

__all__ = ["HEADS", "RefUpdate", "SharedRefs"]

_ATTEMPTS = 3


class SharedRefs:
    """Branches and gitcoord's own refs, as all workers see them."""

    def __init__(self, repository: Repository, state_prefix: str) -> None:
        self.repository = repository
        self.git = repository.git
        self.state_prefix = state_prefix
        self._known: Refs | None = None
        self._pulled: dict[str, str] = {}

    @property
    def remote(self) -> str | None:
        """The remote that has the refs, or None if they are in this repository."""
        return self.repository.remote

    @property
    def _address(self) -> str:
        return self.repository.address or ""

    def add_pulled(self, heads: Mapping[str, str]) -> None:
        """Makes branches of forks count as branches; the next fetch copies the remote's refs for them.

        `heads` maps `OWNER:BRANCH`, which cannot be a branch of this repository, to such a ref:
        `refs/pull/12/head`.
        """
        if not heads.items() <= self._pulled.items():
            self._pulled.update(heads)
            self._known = None
            if self._mirror is not None:
                self._mirror.more = tuple(self._pulled.values())

    def is_pulled(self, branch: str) -> bool:
        """Whether a branch belongs to a fork and cannot be moved from here."""
        return branch in self._pulled

    def refresh(self) -> None:
        """Fetches branches and state into the mirror; raises `unreachable` if the remote does not answer.

        Raises `broken-ref` if the remote has a broken branch, since git then fetches nothing; `git-failed` if
        this repository cannot store the objects. Leaves out broken refs of gitcoord itself; `broken` returns
        them.
        """
        self._known = None
        if self._mirror is None:
            return
        result = self._mirror.fetch()
        if result.code != 0:
            from gitcoord.git.remote_errors import fetch_error

            # One broken ref makes the fetch fail; a listing still names it.
            listed = self.git.run("ls-remote", "--quiet", "--", self._address, ok=())
            pairs = [line.split("\t", 1) for line in listed.text.split("\n") if "\t" in line]
            broken = [name for oid, name in pairs if not oid.strip("0")]
            here = () if broken else unreadable_refs(self.git)
            raise fetch_error(self.remote or "", result, readable=listed.code == 0, broken=broken, here=here)

    def read(self, ref: str) -> Oid | None:
        """Returns the commit of `ref` (a full name), or None, as of the last refresh; raises `broken-ref`."""
        refs = self._refs
        if self._local(ref) in refs.broken:
            raise GitcoordError(
                "broken-ref",
                f"{ref} exists, but points to no commit; gitcoord leaves it unchanged.",
                hint="A crash of the machine may be the cause. Restore it from another clone, or delete it.",
            )
        return refs.targets.get(self._local(ref))

    def branch(self, name: str) -> Oid | None:
        """Returns the tip of the branch `name`, or None, as of the last refresh; raises `broken-ref`."""
        return self.read(self._pulled.get(name, HEADS + name))

    def list(self, prefix: str) -> Mapping[str, Oid]:
        """Returns every readable ref under `prefix` (full names) with its commit, as of the last refresh."""
        local = self._local(prefix)
        found = self._refs.targets.items()
        return {self._shared(name): oid for name, oid in found if name.startswith(local)}

    def broken(self, prefix: str) -> tuple[str, ...]:
        """Returns every broken ref under `prefix`, as of the last refresh."""
        local = self._local(prefix)
        return tuple(self._shared(name) for name in self._refs.broken if name.startswith(local))

    def branches(self) -> Mapping[str, Oid]:
        """Returns the tip of every branch by its short name, without branches that store state."""
        found = self.list(HEADS).items()
        own = {name.removeprefix(HEADS): oid for name, oid in found if not name.startswith(self.state_prefix)}
        pulled = {name: self.read(ref) for name, ref in self._pulled.items()}
        return own | {name: oid for name, oid in pulled.items() if oid is not None}

    def clashes(self, refs: Iterable[str]) -> Mapping[str, str]:
        """Returns those of `refs` that cannot be made, with the refs in their way, as of the last refresh."""
        return self._clashes(refs, [self._shared(name) for name in self._refs.targets])

    def clashes_here(self, refs: Iterable[str]) -> Mapping[str, str]:
        """Returns the same for the branches of this repository itself, read now if there is a remote."""
        found = self._refs if self._mirror is None else read_refs(self.git, HEADS)
        return self._clashes(refs, [name for name in found.targets if name.startswith(HEADS)])

    def _clashes(self, refs: Iterable[str], known: Collection[str]) -> Mapping[str, str]:
        wanted = list(refs)
        # Usually no names clash even if case is ignored: then git need not be asked.
        found = name_clashes(wanted, known, ignore_case=True)
        return found if not found or self._ignores_case else name_clashes(wanted, known)

    def everywhere(self, wanted: Callable[[str], bool]) -> Mapping[str, Oid]:
        """Returns every shared ref whose name `wanted` accepts; asks the remote now, and fetches the commits.

        Raises `unreachable`.
        """
        if self._mirror is None:
            found = read_refs(self.git, "refs/").targets
            return {name: oid for name, oid in found.items() if wanted(name)}
        listed = self.git.run("ls-remote", "--quiet", "--refs", "--", self._address, ok=())
        pairs = (line.split("\t", 1) for line in listed.text.split("\n") if "\t" in line)
        refs = {name: oid for oid, name in pairs if wanted(name)}
        brought = self._mirror.bring(refs) if listed.code == 0 and refs else listed
        if brought.code != 0:
            from gitcoord.git.remote_errors import fetch_error

            raise fetch_error(self.remote or "", brought, readable=listed.code == 0, broken=())
        return refs

    def tip_now(self, branch: str) -> Oid | None:
        """Asks the remote for the tip of a branch; None if it has none or does not answer."""
        if self._mirror is None:
            return self.repository.resolve(HEADS + branch)
        asked = ("ls-remote", "--quiet", "--refs", "--", self._address, HEADS + branch)
        pairs = (line.split("\t", 1) for line in self.git.run(*asked, ok=()).text.split("\n") if "\t" in line)
        return next((oid for oid, name in pairs if name == HEADS + branch), None)

    def bring(self, commit: Oid) -> bool:
        """Fetches a commit that is on no branch any more; returns False if the remote does not send it.

        GitHub sends any commit of a pull request by its id. So does a server with
        `uploadpack.allowAnySHA1InWant` (https://git-scm.com/docs/git-config).
        """
        return self._mirror is not None and self._mirror.bring([commit]).code == 0

    def read_on_request(self, ref: str) -> Oid | None:
        """Fetches one ref of the state that `refresh` leaves out; None if there is none, or no answer."""
        if self._mirror is not None:
            copied = self._mirror.copy(ref).code == 0
            return self.repository.resolve(self._mirror.prefix + ref) if copied else None
        return self.repository.resolve(ref)

    def list_on_request(self, prefix: str) -> Mapping[str, Oid]:
        """Asks for the refs under `prefix` that `refresh` leaves out, with their commits; fetches none.

        Raises `unreachable`.
        """
        if self._mirror is None:
            return read_refs(self.git, prefix).targets
        listed = self.git.run("ls-remote", "--quiet", "--refs", "--", self._address, prefix + "*", ok=())
        if listed.code != 0:
            from gitcoord.git.remote_errors import fetch_error

            raise fetch_error(self.remote or "", listed, readable=False, broken=())
        pairs = (line.split("\t", 1) for line in listed.text.split("\n") if "\t" in line)
        return {name: oid for oid, name in pairs}

    def expect(self, updates: Sequence[RefUpdate]) -> None:
        """Treats refs as moved until the next refresh; moves nothing."""
        self._known = self._refs.moved({self._local(update.ref): update.new for update in updates})

    def publish(
        self, updates: Sequence[RefUpdate], *, hooks: bool = False, extra: RefUpdate | None = None
    ) -> bool:
        """Moves all refs or none; also `extra`, a ref that is read on request, if the server accepts it.

        Returns True if they moved (or had already), False if somebody else was faster.

        Raises `push-refused`, `name-taken`, `broken-ref` or `git-failed` if the write failed although nobody
        was faster, `unreachable` if the remote does not answer, and `worktree-in-the-way` or
        `worktree-locked` if a branch that is checked out here cannot be updated.
        """
        from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random

        if extra is not None:
            with suppress(GitcoordError):
                return self.publish([*updates, extra], hooks=hooks)
        # If another writer holds a lock, the push looks refused although the refs have not moved. Run
        # the user's own hooks only once.
        patience = Retrying(
            retry=retry_if_result(lambda outcome: not isinstance(outcome, bool) and _may_pass(outcome)),
            stop=stop_after_attempt(1 if hooks else _ATTEMPTS),
            wait=wait_random(0.05, 0.3),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        outcome: bool | GitcoordError = patience(self._publish_once, updates, hooks)
        if isinstance(outcome, GitcoordError):
            raise outcome
        return outcome

    def _publish_once(self, updates: Sequence[RefUpdate], hooks: bool) -> bool | GitcoordError:
        """Returns whether the refs moved, or the error if they did not although nobody else moved them."""
        from gitcoord.git.ref_push import push, push_with_hooks, update_here
        from gitcoord.git.remote_errors import push_error, unwritable

        hook = None
        if self._mirror is None:
            ended = update_here(self.repository, updates)
        elif hooks:
            ended, hook = push_with_hooks(self.repository, updates)
        else:
            ended = push(self.repository, updates)
        known, self._known = self._known, None
        # Refs that are not copied cannot be compared: the others decide.
        seen = [one for one in updates if self._mirror is None or self._mirror.is_copied(one.ref)]
        if ended.code == 0:
            followed = self._mirror is None or self._mirror.follow(seen)
            if followed and known is not None:
                self._known = known.moved({self._local(update.ref): update.new for update in seen})
            return True
        self.refresh()
        now = {update.ref: self.read(update.ref) for update in seen}
        if seen and all(now[update.ref] == update.new for update in seen):
            return True
        if any(now[update.ref] != update.old for update in seen):
            return False
        if self._mirror is not None and self._mirror.broken:
            return unwritable(self._mirror.remote, self._mirror.broken)
        known_refs = {self._shared(name) for name in self._refs.targets}
        return push_error(self.remote, updates, ended, hook=hook, known=known_refs)

    @property
    def _refs(self) -> Refs:
        """All refs, read at once and cached until one may have moved."""
        if self._known is None:
            more = map(self._local, self._pulled.values())
            known = read_refs(self.git, self._local(HEADS), self._local(self.state_prefix), *more)
            lost = [self._local(name) for name in self._mirror.broken] if self._mirror is not None else []
            self._known = Refs(known.targets, (*known.broken, *lost))
        return self._known

    @cached_property
    def _ignores_case(self) -> bool:
        return self.git.probe("config", "--type=bool", "core.ignorecase") == "true"

    @cached_property
    def _mirror(self) -> Mirror | None:
        return None if self.remote is None else Mirror(self.repository, self.remote, self.state_prefix)

    def _local(self, ref: str) -> str:
        return ref if self._mirror is None else self._mirror.prefix + ref

    def _shared(self, local: str) -> str:
        return local if self._mirror is None else local.removeprefix(self._mirror.prefix)


def _may_pass(error: GitcoordError) -> bool:
    """Whether a retry makes sense; `perhaps`: git asks for a new login if the old one has expired."""
    return error.passing in ("passes", "briefly", "perhaps")
