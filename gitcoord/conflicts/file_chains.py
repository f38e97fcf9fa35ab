"""Splits a wave into independent parts, so that most proofs remain valid when one branch moves.

If branches only edit a file, it is independent of all other files: its edits are a chain. Branches that
overlap in any other way have to be merged as a whole: they are a component. A wave merges if all its chains
and components do.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from gitcoord.conflicts.branch_facts import BranchFacts
from gitcoord.conflicts.changes import Edit
from gitcoord.conflicts.path_overlap import Pair, ancestors
from gitcoord.git.git_cli import Git, Oid


class FileEdit(msgspec.Struct, frozen=True, gc=False):
    """One branch's edit of a file: since its merge base, and to the base (None: the base has the edit)."""

    tip: Oid
    own: Edit
    on_base: Edit | None


class FileChain(msgspec.Struct, frozen=True, gc=False):
    """A file and its edits in landing order; `blob` is its content in the base."""

    path: str
    mode: str
    blob: Oid
    steps: tuple[FileEdit, ...]


class Wave:
    """The branches of one wave in landing order, in parts; `inseparable` pairs must be merged as a whole."""

    def __init__(
        self, tips: Sequence[Oid], branch_facts: Mapping[Oid, BranchFacts], inseparable: Iterable[Pair]
    ) -> None:
        self._branch_facts = [branch_facts[tip] for tip in tips]
        self._tips = tips
        self._root = list(range(len(tips)))
        touching: dict[str, list[int]] = {}
        for place, facts in enumerate(self._branch_facts):
            for path in facts.all_changes.paths:
                touching.setdefault(path, []).append(place)
        self.file_chains = []
        for path, places in touching.items():
            if len(places) > 1:
                file_chain = self._file_chain(path, places)
                if file_chain is None:
                    self._join(places)
                elif file_chain.blob:
                    self.file_chains.append(file_chain)
        for pair in inseparable:
            self._join(pair)
        self._adding: dict[str, set[int]] = {}
        self._removing: dict[str, set[int]] = {}
        self._removed: set[str] = set()
        self._note_additions_and_removals()

    @property
    def doubtful(self) -> list[str]:
        """The directories that several members together may empty while one of them adds a file.

        If one member alone empties the directory, the pair is already joined.
        """
        return [path for path, places in self._adding.items() if len(places | self._removing[path]) > 2]

    def join_emptied(self, listing: Mapping[str, Sequence[str]]) -> None:
        """Joins the members that empty a `doubtful` directory: git treats a file added there as moved with
        it.

        `listing` has the names that each directory has in the base.
        """
        for path in self.doubtful:
            inside = [f"{path}/{name}" for name in listing.get(path, ())]
            if path in listing and all(one in self._removed or one in self._removing for one in inside):
                self._join(sorted(self._adding[path] | self._removing[path]))

    def components(self) -> list[tuple[Oid, ...]]:
        """The branches that have to be merged as a whole, by connected component, in landing order."""
        together: dict[int, list[Oid]] = {}
        for place, tip in enumerate(self._tips):
            together.setdefault(self._find(place), []).append(tip)
        return [tuple(tips) for tips in together.values() if len(tips) > 1]

    def _file_chain(self, path: str, places: Sequence[int]) -> FileChain | None:
        """The chain of a file; None if a branch does more than edit it."""
        steps, mode, blob = [], "", ""
        for place in places:
            facts = self._branch_facts[place]
            own, on_base = facts.own.edits.get(path), facts.to_base.edits.get(path)
            if own is None or (on_base is None and path in facts.to_base.paths):
                return None
            modes = {edit.mode for edit in (own, on_base) if edit is not None} | {mode or own.mode}
            if len(modes) > 1:
                return None
            mode = own.mode
            blob = on_base.old if on_base is not None else blob
            steps.append(FileEdit(self._tips[place], own, on_base))
        return FileChain(path, mode, blob, tuple(steps))

    def _note_additions_and_removals(self) -> None:
        for place, facts in enumerate(self._branch_facts):
            changes = facts.to_base
            for path in changes.paths - changes.present:
                self._removed.add(path)
                for directory in ancestors(path):
                    self._removing.setdefault(directory, set()).add(place)
        for place, facts in enumerate(self._branch_facts):
            for path in facts.own.added | facts.to_base.added:
                for directory in ancestors(path):
                    if directory in self._removing:
                        self._adding.setdefault(directory, set()).add(place)

    def _join(self, places: Sequence[int]) -> None:
        for place in places[1:]:
            self._root[self._find(place)] = self._find(places[0])

    def _find(self, place: int) -> int:
        root = self._root
        while root[place] != place:
            root[place] = place = root[root[place]]
        return place


def names_in(git: Git, base: Oid, directories: Collection[str]) -> dict[str, list[str]]:
    """Lists the names in those of `directories` that exist in the base."""
    found: dict[str, list[str]] = {}
    sound = [path for path in directories if "\n" not in path]
    request = b"".join(f"{base}:{path}\n".encode("utf-8", "surrogateescape") for path in sound)
    output = git.run("cat-file", "--batch", input=request).stdout if sound else b""
    at = 0
    for path in sound:
        end = output.index(b"\n", at)
        head = output[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(head) == 3 and head[1] == b"tree":
            size = int(head[2])
            found[path] = list(_names(output[at : at + size], len(base) // 2))
            at += size + 1
        elif len(head) == 3 and head[2].isdigit():
            at += int(head[2]) + 1
    # Directories whose names cannot be passed to git count as empty.
    return found | {path: [] for path in directories if path not in sound}


def _names(tree: bytes, id_length: int) -> Iterator[str]:
    at = 0
    while at < len(tree):
        start, end = tree.index(b" ", at) + 1, tree.index(b"\0", at)
        yield tree[start:end].decode("utf-8", "surrogateescape")
        at = end + 1 + id_length
