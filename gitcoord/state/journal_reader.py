"""Reads the journal's refs repeatedly; reads only new commits if possible."""

from collections.abc import Mapping

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.json_commits import Document
from gitcoord.state.journal import JournalEntry, entries_of, in_order, read_entries


class JournalReader:
    """Reads the entries of a set of refs, oldest first; remembers everything that it has read or written."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._tips: Mapping[str, Oid] = {}
        self._entries: list[JournalEntry] = []
        self._by_commit: dict[Oid, JournalEntry] = {}
        self._written: dict[Oid, Document] = {}

    def remember(self, document: Document) -> None:
        """Remembers a document that was just written, to save reading it from git."""
        self._written[document.commit] = document

    def read(self, tips: Mapping[str, Oid]) -> list[JournalEntry]:
        """Returns the readable entries of the refs `tips`, including those that gitcoord did not write."""
        if tips != self._tips:
            entries = self._read_on(tips) or self._read_all(tips)
            self._tips, self._entries = dict(tips), entries
            self._by_commit = {entry.commit: entry for entry in entries}
        return self._entries

    def read_one(self, tip: Oid) -> list[JournalEntry]:
        """Returns the entries of one ref; [] if it cannot be read."""
        if (line := self._line(tip)) is not None:
            return line
        try:
            entries = read_entries(self._git, [tip])
        except GitcoordError:
            return []
        return entries if any(entry.commit == tip for entry in entries) else []

    def _read_on(self, tips: Mapping[str, Oid]) -> list[JournalEntry] | None:
        """Returns the earlier entries with the new ones; None if refs were deleted or rewritten."""
        before, entries = self._tips, self._entries
        moved = {ref: tip for ref, tip in tips.items() if before.get(ref) != tip}
        ends = [before[ref] for ref in moved if ref in before]
        if not entries or not before.keys() <= tips.keys():
            return None
        if (documents := self._own(moved)) is not None:
            return in_order([*entries, *entries_of(documents, entries)])
        try:
            new = read_entries(self._git, [*moved.values(), *(f"^{end}" for end in ends)], entries)
        except GitcoordError:
            return None
        follows = {parent for entry in new for parent in entry.parents}
        reached = {entry.commit for entry in new} >= set(moved.values())
        return in_order([*entries, *new]) if reached and follows >= set(ends) else None

    def _line(self, tip: Oid) -> list[JournalEntry] | None:
        """Returns the entries from the first one to `tip`; None if one is unknown or has two parents."""
        line: list[JournalEntry] = []
        parents: tuple[Oid, ...] = (tip,)
        while parents:
            entry = self._by_commit.get(parents[0])
            if entry is None or len(parents) > 1:
                return None
            line.append(entry)
            parents = entry.parents
        return line[::-1]

    def _own(self, moved: Mapping[str, Oid]) -> list[Document] | None:
        """Returns this process's own documents up to the tips `moved`; None if others wrote there, too."""
        own: list[Document] = []
        for ref, tip in moved.items():
            line, at, end = list[Document](), tip, self._tips.get(ref, "")
            while at != end:
                document = self._written.get(at)
                if document is None:
                    return None
                line.append(document)
                at = document.parents[0] if document.parents else ""
            own += line[::-1]
        return own

    def _read_all(self, tips: Mapping[str, Oid]) -> list[JournalEntry]:
        try:
            return read_entries(self._git, tips.values())
        except GitcoordError:
            # One unreadable ref makes git's walk fail for all.
            return read_entries(self._git, [tip for tip in tips.values() if self.read_one(tip)])
