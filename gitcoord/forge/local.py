"""The `local` forge: pull requests stored in the repository itself, without a server.

Merging makes real commits, and moves the base and the pull request's record (`local_records`) in one atomic
compare-and-swap.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from gitcoord.forge.local_records import PullRecords
from gitcoord.forge.pull_requests import (
    BranchPulls,
    CommitStatus,
    Extras,
    Gate,
    HandedOver,
    Merged,
    MergeOutcome,
    MergeRequest,
    Method,
    NewPull,
    Pull,
    Refused,
    Unclear,
    Way,
    branch_pulls,
)
from gitcoord.git.commit_facts import tree_of
from gitcoord.git.git_cli import Oid
from gitcoord.git.merge_tree import merge_tree, replay
from gitcoord.git.remote_refs import HEADS, RefUpdate, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.write_commits import commit_tree


class LocalForge:
    """The `local` forge over the shared refs of one repository."""

    name = "local"
    merges_together = True

    def __init__(self, repository: Repository, shared: SharedRefs) -> None:
        self._repository = repository
        self._git = repository.git
        self._shared = shared
        self._records = PullRecords(repository, shared)

    def find_pulls(self, heads: Collection[str], base: str) -> Mapping[str, BranchPulls]:
        """See `Forge.find_pulls`; as of the last refresh of the shared refs."""
        found: dict[str, list[Pull]] = {}
        for pull in self._records.read_all():
            if pull.head in heads:
                found.setdefault(pull.head, []).append(self._with_head(pull))
        return {head: branch_pulls(pulls, base) for head, pulls in found.items()}

    def open_pulls(self) -> tuple[Pull, ...]:
        """See `Forge.open_pulls`; as of the last refresh of the shared refs."""
        return tuple(self._with_head(pull) for pull in self._records.read_all() if pull.state == "open")

    def read_pull(self, number: int) -> Pull:
        """See `Forge.read_pull`; as of the last refresh of the shared refs."""
        return self._with_tip(self._records.read(number)[0])

    def open_pull(self, new: NewPull) -> Pull | Refused | Unclear:
        """See `Forge.open_pull`."""
        while True:
            head, base = self._shared.branch(new.head), self._shared.branch(new.base)
            if head is None or base is None:
                gone = new.head if head is None else new.base
                return Refused(kind="unknown", message=f"The branch {gone} does not exist.")
            claim = self._records.claim(new)
            adopted = self._records.claimed_pull(claim)
            if adopted is not None:
                return self._with_tip(adopted)
            number = self._records.add(new, head, claim)
            if number is not None:
                return self.read_pull(number)
            self._shared.refresh()

    def edit_pull(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """See `Forge.edit_pull`."""

        def edit(pull: Pull) -> Pull:
            return msgspec.structs.replace(
                pull, title=pull.title if title is None else title, body=pull.body if body is None else body
            )

        self._records.change(number, "edited", edit)

    def close_pull(self, number: int) -> None:
        """See `Forge.close_pull`."""

        def close(pull: Pull) -> Pull:
            return msgspec.structs.replace(pull, state="closed") if pull.state == "open" else pull

        self._records.change(number, "closed", close)

    def add_extras(self, number: int, extras: Extras) -> None:
        """See `Forge.add_extras`: does nothing, because nobody would read them here."""

    def say(self, number: int, topic: str, text: str, *, only_again: bool = False) -> None:
        """See `Forge.say`: does nothing, because the journal has the same facts."""

    def set_status(self, status: CommitStatus) -> None:
        """See `Forge.set_status`: does nothing, because results are stored by tree."""

    def make_ready(self, number: int) -> Refused | Unclear | None:
        """See `Forge.make_ready`."""
        self._records.change(number, "ready", lambda pull: msgspec.structs.replace(pull, draft=False))
        return None

    def retarget(self, branch: str, base: str, only: Collection[int] | None = None) -> tuple[int, ...]:
        """See `Forge.retarget`."""
        onto = [pull for pull in self.open_pulls() if pull.base == branch]
        found = [pull for pull in onto if only is None or pull.number in only]
        for pull in found:
            self._records.change(pull.number, "moved", lambda pull: msgspec.structs.replace(pull, base=base))
        return tuple(pull.number for pull in found)

    def closed_gates(self, pull: Pull, method: Method = "merge") -> tuple[Gate, ...]:
        """See `Forge.closed_gates`: only a draft has one here."""
        return (Gate(name="draft", reason="the pull request is a draft"),) if pull.draft else ()

    def merge_pull(self, request: MergeRequest) -> MergeOutcome:
        """See `Forge.merge_pull`: moves base and record together, or neither."""
        pull, tip = self._records.read(request.number)
        if pull.state == "merged" and pull.head_commit == request.head and pull.merge_commit:
            return Merged(commit=pull.merge_commit)
        if pull.base != request.base:
            return Refused(kind="moved", message=f"The base of the pull request is now {pull.base}.")
        base, head = self._shared.branch(pull.base), self._shared.branch(pull.head)
        if head != request.head or base is None or pull.state != "open":
            return Refused(kind="head-moved", message="The head branch was modified.")
        commit = self._merge_commit(request, base)
        if commit is None:
            return Refused(kind="conflict", message="The pull request does not merge with its base.")
        if request.tree and tree_of(self._git, commit) != request.tree:
            return Refused(
                kind="retry", message="Merging it gives a different tree than the one that was checked."
            )
        merged = msgspec.structs.replace(pull, state="merged", head_commit=head, merge_commit=commit)
        record = self._records.write(merged, "merged", tip)
        moves = [
            RefUpdate(HEADS + pull.base, base, commit),
            RefUpdate(self._records.ref(pull.number), tip, record),
        ]
        if self._shared.publish(moves):
            return Merged(commit=commit)
        return Refused(kind="retry", message="The base branch was modified.")

    def merge_together(self, requests: Sequence[MergeRequest], whole: MergeRequest) -> MergeOutcome:
        """See `Forge.merge_together`: moves the base and all records together, or none.

        The second parent of the new commit has a merge for each pull request, so the base's first-parent
        history gets only one commit.
        """
        base = tip = self._shared.branch(whole.base)
        pulls, who, sign = [], self._repository.identity, self._repository.signs
        for request in requests:
            pull, record = self._records.read(request.number)
            if pull.base != request.base:
                return Refused(
                    kind="moved", message=f"The base of pull request {pull.number} is now {pull.base}."
                )
            if self._shared.branch(pull.head) != request.head or tip is None or pull.state != "open":
                return Refused(kind="head-moved", message=f"The branch {pull.head} was modified.")
            merged = merge_tree(self._git, tip, request.head)
            if not merged.clean:
                return Refused(kind="conflict", message=f"Pull request {pull.number} does not merge.")
            message = f"Merge {pull.head} into {pull.base}\n"
            parents = [tip, request.head]
            tip = commit_tree(self._git, merged.tree, parents, message, environment=who, sign=sign)
            pulls.append((pull, record, request.head))
        if base is None or tip is None or tree_of(self._git, tip) != whole.tree:
            message = "Merging them gives a different tree than the one that was checked."
            return Refused(kind="retry", message=message)
        message = f"{whole.title}\n\n{whole.message}".rstrip() + "\n"
        commit = commit_tree(self._git, whole.tree, [base, tip], message, environment=who, sign=sign)
        moves = [RefUpdate(HEADS + whole.base, base, commit)]
        for pull, record, head in pulls:
            merged_pull = msgspec.structs.replace(pull, state="merged", head_commit=head, merge_commit=commit)
            moves.append(
                RefUpdate(
                    self._records.ref(pull.number), record, self._records.write(merged_pull, "merged", record)
                )
            )
        if self._shared.publish(moves):
            return Merged(commit=commit)
        return Refused(kind="retry", message="The base branch was modified.")

    def hand_over(self, request: MergeRequest, way: Way) -> HandedOver | Refused | Unclear:
        """See `Forge.hand_over`: always refuses, because nothing could merge later."""
        what = "merge queue" if way == "queue" else "auto-merge"
        return Refused(kind="not-allowed", message=f"Pull requests in the repository itself have no {what}.")

    def _merge_commit(self, request: MergeRequest, base: Oid) -> Oid | None:
        who = self._repository.identity
        if request.method == "rebase":
            return replay(self._git, base, request.head, environment=who, sign=self._repository.signs)
        merged = merge_tree(self._git, base, request.head)
        if not merged.clean:
            return None
        parents = [base, request.head] if request.method == "merge" else [base]
        message = f"{request.title}\n\n{request.message}".rstrip() + "\n"
        sign = self._repository.signs
        return commit_tree(self._git, merged.tree, parents, message, environment=who, sign=sign)

    def _with_tip(self, pull: Pull) -> Pull:
        base, pull = self._shared.branch(pull.base), self._with_head(pull)
        if pull.state != "open" or base is None:
            return pull
        clean = merge_tree(self._git, base, pull.head_commit).clean is True
        return msgspec.structs.replace(pull, mergeable=clean)

    def _with_head(self, pull: Pull) -> Pull:
        head = self._shared.branch(pull.head)
        if pull.state != "open" or head is None:
            return pull
        return msgspec.structs.replace(pull, head_commit=head)
