"""The records of the `local` forge. Each pull request is a ref `PREFIX/pulls/N`; its commits are the history.

A second ref for each pair of head and base claims the pair for an open pull request, so that two clients
cannot open two.
"""

from collections.abc import Callable

from gitcoord.errors import GitcoordError
from gitcoord.forge.pull_requests import NewPull, Pull
from gitcoord.git.git_cli import Oid
from gitcoord.git.json_commits import Document, decode, encode, read_documents, write_document
from gitcoord.git.remote_refs import RefUpdate, SharedRefs
from gitcoord.git.repository import Repository


class PullRecords:
    """Reads and writes the pull requests of one repository, as of the last refresh of its shared refs."""

    def __init__(self, repository: Repository, shared: SharedRefs) -> None:
        self._repository = repository
        self._git = repository.git
        self._shared = shared
        # A commit's content never changes.
        self._records: dict[Oid, Pull] = {}

    def read_all(self) -> list[Pull]:
        """Returns all pull requests, by number."""
        tips = self._shared.list(f"{self._shared.state_prefix}pulls/").values()
        for document in read_documents(self._git, {*tips} - self._records.keys(), newest_only=True):
            self._remember(document)
        return sorted(map(self._decode, tips), key=lambda pull: pull.number)

    def read(self, number: int) -> tuple[Pull, Oid]:
        """Returns a pull request and the commit of its record; raises `no-pull` or `foreign-state`."""
        tip = self._shared.read(self.ref(number))
        if tip is None:
            # Another process of this clone may be fetching: git moves one ref after the other.
            self._shared.refresh()
            tip = self._shared.read(self.ref(number))
        if tip is None:
            raise GitcoordError("no-pull", f"There is no pull request {number} in this repository.")
        return self._decode(tip), tip

    def claimed_pull(self, claim: Oid | None) -> Pull | None:
        """Returns the open pull request to which the commit of a claiming ref belongs, if any."""
        if claim is None:
            return None
        pull = self.read(self._decode(claim).number)[0]
        return pull if pull.state == "open" else None

    def add(self, new: NewPull, head: Oid, claim: Oid | None) -> int | None:
        """Records a new pull request, and returns its number; None if another client was faster."""
        number = self._newest() + 1
        pull = Pull(
            number=number,
            head=new.head,
            head_commit=head,
            base=new.base,
            state="open",
            title=new.title,
            body=new.body,
            draft=new.draft,
        )
        commit = self.write(pull, "opened", None)
        moves = [RefUpdate(self.ref(number), None, commit), RefUpdate(self._claim_ref(new), claim, commit)]
        return number if self._shared.publish(moves) else None

    def change(self, number: int, what: str, change: Callable[[Pull], Pull]) -> None:
        """Writes a change of the record; if that changes the base, also moves the claim.

        Writes nothing if `change` returns an equal value. Tries again if another client was faster.
        """
        while True:
            pull, tip = self.read(number)
            changed = change(pull)
            if changed == pull:
                return
            commit = self.write(changed, what, tip)
            moves = [RefUpdate(self.ref(number), tip, commit)]
            if changed.base != pull.base:
                before, after = self._claim_ref(pull), self._claim_ref(changed)
                moves.append(RefUpdate(after, self._shared.read(after), commit))
                claimed = self._shared.read(before)
                moves += [RefUpdate(before, claimed, None)] if claimed else []
            if self._shared.publish(moves):
                return
            self._shared.refresh()

    def write(self, pull: Pull, what: str, parent: Oid | None) -> Oid:
        """Writes the commit of a changed record on top of `parent`, and returns it; moves no ref."""
        subject = f"pull request {pull.number} {what}: {pull.title}"
        document = write_document(self._repository, subject, encode(pull), parent)
        self._remember(document)
        return document.commit

    def ref(self, number: int) -> str:
        """Returns the ref of a pull request's record."""
        return f"{self._shared.state_prefix}pulls/{number}"

    def claim(self, new: NewPull) -> Oid | None:
        """Returns the commit of the ref that claims the head and base of `new`, if there is one."""
        return self._shared.read(self._claim_ref(new))

    def _newest(self) -> int:
        refs = self._shared.list(f"{self._shared.state_prefix}pulls/")
        numbers = (ref.rpartition("/")[2] for ref in refs)
        return max((int(number) for number in numbers if number.isdecimal()), default=0)

    def _decode(self, commit: Oid) -> Pull:
        if commit not in self._records:
            (document,) = read_documents(self._git, [commit], newest_only=True)
            self._records[commit] = self._remember(document)
        return self._records[commit]

    def _remember(self, document: Document) -> Pull:
        pull: Pull | None = decode(document.body, Pull)
        commit = document.commit
        if pull is None:
            raise GitcoordError(
                "foreign-state",
                f"{commit[:12]} is stored as a pull request, but gitcoord did not write it.",
                hint=f"Look at it with `git show {commit[:12]}`, and move its ref away.",
            )
        self._records[commit] = pull
        return pull

    def _claim_ref(self, new: NewPull | Pull) -> str:
        return f"{self._shared.state_prefix}open/{new.base}/from/{new.head}"
