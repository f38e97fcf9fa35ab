"""What branches changed: all of them through one `git diff-tree`, whose cost does not grow with the tree."""

import os
from collections.abc import Iterator, Sequence

import msgspec

from gitcoord.git.run import Git, Oid

_DIRECTORY = "040000"
_ABSENT = "000000"
_OPTIONS = ("-r", "-t", "-z", "-M", "--raw", "--no-abbrev", "--always", "--ignore-submodules=none")


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between two commits, as far as it matters to others.

    `paths` are all files touched, both ends of renames; `present` those that exist afterwards, `added`
    those that did not exist before. `vanished` are directories of which nothing is left.
    """

    paths: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    vanished: frozenset[str] = frozenset()


NOTHING = Changes()


def combine(own: Changes, on_base: Changes) -> Changes:
    """Everything that a branch may meet others with: since its merge base, and compared with today's base.

    The two differ where the base has moved on: what the base renamed, the branch now changes elsewhere.
    """
    return Changes(
        paths=own.paths | on_base.paths,
        present=on_base.present,
        added=own.added | on_base.added,
        vanished=own.vanished | on_base.vanished,
    )


def changes_between(git: Git, pairs: Sequence[tuple[Oid, Oid]]) -> list[Changes]:
    """The changes of every pair of commits `(before, after)`, in one process; same order as `pairs`."""
    if not pairs:
        return []
    # A commit followed by another one is compared with that as if it were its parent.
    request = "".join(f"{after} {before}\n" for before, after in pairs)
    ended = git.run("diff-tree", *_OPTIONS, "--stdin", input=request.encode())
    return list(_parse(os.fsdecode(ended.stdout)))


class _Collected:
    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.present: set[str] = set()
        self.added: set[str] = set()
        self.vanished: set[str] = set()

    def take(self, modes: tuple[str, str], old: str, new: str) -> None:
        before, after = modes
        if before == _DIRECTORY or after == _DIRECTORY:
            if before == _DIRECTORY and (after == _ABSENT or old != new):
                self.vanished.add(old)
            return
        self.paths.update((old, new))
        if after != _ABSENT:
            self.present.add(new)
            if before == _ABSENT or old != new:
                self.added.add(new)

    def done(self) -> Changes:
        return Changes(
            paths=frozenset(self.paths),
            present=frozenset(self.present),
            added=frozenset(self.added),
            vanished=frozenset(self.vanished),
        )


def _parse(output: str) -> Iterator[Changes]:
    """Reads the -z form: a commit's id, then `:modes ids status` and one path, or two for a rename."""
    fields = iter(output.split("\0"))
    current: _Collected | None = None
    for field in fields:
        if field.startswith(":"):
            before, after, _, _, status = field[1:].split(" ")
            old = next(fields)
            new = next(fields) if status[0] in "RC" else old
            if current is not None:
                current.take((before, after), old, new)
        elif field:
            if current is not None:
                yield current.done()
            current = _Collected()
    if current is not None:
        yield current.done()
