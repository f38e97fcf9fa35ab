"""Finds the lines of a file that an edit changed, compared in the same way as a merge compares them.

A merge uses the histogram algorithm, without the indent heuristic, and without trimming common ends. Git's
diff does the same only with these options and at least one line of context.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gitcoord.conflicts.changes import Edit
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.object_writer import TreeEntry, Writer
from gitcoord.git.parallel_calls import in_parts

_DIFF = (
    *("-c", "diff.suppressBlankEmpty=false", "-c", "diff.indentHeuristic=false"),
    *("diff-tree", "--stdin", "-r", "-p", "-U1", "--inter-hunk-context=0", "--histogram"),
    *(
        "--no-indent-heuristic",
        "--no-renames",
        "--full-index",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
    ),
)
_HEAD = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@ ?(.*)")
_TREES_AT_ONCE = 200


class Hunk(msgspec.Struct, frozen=True, array_like=True):
    """Lines `start` up to, but not including, `end` of the old file, from 0, were replaced.

    Only an insertion has `start == end`. `symbol` is the enclosing function or section according to git's
    hunk header.
    """

    start: int
    end: int
    symbol: str = ""


Hunks = tuple[Hunk, ...]


def hunks_of(git: Git, writer: Writer, edits: Sequence[tuple[str, Edit]]) -> dict[Edit, Hunks]:
    """Returns the hunks of each edit `(path, edit)`, computed together. Leaves out binary files."""
    versions: dict[str, dict[Edit, None]] = {}
    for path, edit in edits:
        versions.setdefault(path, {})[edit] = None
    # The first edit of each file goes into the first pair of trees, the second edit into the second pair …
    layers: list[dict[str, Edit]] = []
    for path, different in versions.items():
        for number, edit in enumerate(different):
            if number == len(layers):
                layers.append({})
            layers[number][path] = edit
    known = {(edit.old, edit.new): edit for edit in dict.fromkeys(edit for _, edit in edits)}
    same = {edit: known[edit.old, edit.new] for _, edit in edits}
    requests = [_trees(writer, layer) for layer in _cut(layers)]
    found: dict[tuple[Oid, Oid], Hunks] = {}
    for part in in_parts(lambda some: _ask(git, some), requests, _TREES_AT_ONCE):
        found.update(part)
    return {edit: found[one.old, one.new] for edit, one in same.items() if (one.old, one.new) in found}


def _cut(layers: Sequence[Mapping[str, Edit]]) -> Iterator[Mapping[str, Edit]]:
    """Splits layers into parts that can be distributed among processes."""
    for layer in layers:
        paths = list(layer)
        for start in range(0, len(paths), _TREES_AT_ONCE):
            yield {path: layer[path] for path in paths[start : start + _TREES_AT_ONCE]}


def _trees(writer: Writer, layer: Mapping[str, Edit]) -> str:
    old = writer.tree({path: TreeEntry(edit.mode, edit.old) for path, edit in layer.items()})
    new = writer.tree({path: TreeEntry(edit.mode, edit.new) for path, edit in layer.items()})
    return f"{old} {new}\n"


def _ask(git: Git, requests: Sequence[str]) -> list[dict[tuple[Oid, Oid], Hunks]]:
    ended = git.run(*_DIFF, input="".join(requests).encode())
    found = dict(_parse(ended.stdout))
    return [found, *({} for _ in requests[1:])]


def gap(one: Hunks, other: Hunks) -> int:
    """The number of unchanged lines between the nearest two hunks; if it is positive, a merge is certainly
    clean.
    """
    nearest = sys.maxsize
    left, right = 0, 0
    while left < len(one) and right < len(other):
        a, b = one[left], other[right]
        nearest = min(nearest, max(b.start - a.end, a.start - b.end))
        if a.end < b.end:
            left += 1
        else:
            right += 1
    return nearest


def _parse(output: bytes) -> Iterator[tuple[tuple[Oid, Oid], Hunks]]:
    key: tuple[Oid, Oid] | None = None
    hunks: list[Hunk] = []
    place = -1  # before the first hunk of a file
    symbol = ""
    for line in output.split(b"\n"):
        first = line[:1]
        if first == b" ":
            place += 1
        elif first == b"-" and place >= 0:
            _take(hunks, Hunk(place, place + 1, symbol))
            place += 1
        elif first == b"+" and place >= 0:
            _take(hunks, Hunk(place, place, symbol))
        elif first == b"@":
            head = _HEAD.match(line)
            if head is not None:
                # An empty old side has the number of the line before it.
                place = int(head[1]) - (head[2] != b"0")
                symbol = head[3].decode("utf-8", "replace")
        elif line.startswith(b"diff --git "):
            if key is not None and hunks:
                yield key, tuple(hunks)
            key, hunks, place = None, [], -1
        elif line.startswith(b"index "):
            old, new = line.split(b" ")[1].split(b"..")
            key = old.decode(), new.decode()
    if key is not None and hunks:
        yield key, tuple(hunks)


def _take(hunks: list[Hunk], line: Hunk) -> None:
    if hunks and hunks[-1].end == line.start:
        hunks[-1] = Hunk(hunks[-1].start, line.end, hunks[-1].symbol)
    else:
        hunks.append(line)
