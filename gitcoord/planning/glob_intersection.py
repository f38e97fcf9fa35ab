"""Decides whether two globs can match the same path. Globs are the paths that tasks declare (`modifies`).

An entry without wildcards is a path from the repository's root: that file, or that directory with everything
below it. An entry with wildcards is read as in `.gitignore`. In both, a last part that looks like a file name
(`*.md`, `main.rs`) means files, so `*.md` and `*.py` do not intersect, although a directory could be called
`a.md`. If the answer is uncertain, it is yes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, TypeVar

import msgspec

_Ranges = tuple[tuple[int, int], ...]
"""The possible values of one character, as ranges of code points."""
_Token = _Ranges | None
"""One character of a part; None is any sequence of characters."""
_Part = str | tuple[_Token, ...] | None
"""One part of a path: literal, or with wildcards; None is any sequence of parts."""

_SLASH: Final = ord("/")
_LAST: Final = 0x10FFFF
_ANY: Final[_Ranges] = ((0, _SLASH - 1), (_SLASH + 1, _LAST))
_ONE_PART: Final[_Part] = (None,)
_T = TypeVar("_T")


class Glob(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled entry. Every path that it matches starts with `anchor` and ends with `ending`."""

    anchor: tuple[str, ...]
    ending: str
    parts: tuple[_Part, ...]


class _UnsureError(Exception):
    """A bracket that glob implementations interpret differently."""


def as_gitignore(entry: str) -> str:
    """Returns the `.gitignore` pattern that means the same as `entry`."""
    pattern = entry.strip()
    while pattern.startswith("./"):
        pattern = pattern[2:]
    if any(char in pattern for char in "*?[\\"):
        return pattern
    return "/**" if pattern in ("", ".", "/") and entry.strip() else "/" + pattern.lstrip("/")


@lru_cache(maxsize=65536)
def compile_glob(entry: str) -> Glob | None:
    """Compiles `entry` for comparison; None if it is empty."""
    # Treating an exclusion as an inclusion matches too much, never too little.
    pattern = as_gitignore(entry).removeprefix("!")
    names = [name for name in pattern.split("/") if name]
    if not names:
        return None
    try:
        parts = [_part(name) for name in names]
    except _UnsureError:
        return Glob(anchor=(), ending="", parts=(None,))
    if "/" not in pattern.rstrip("/"):
        parts.insert(0, None)
    if pattern.endswith("/"):
        parts += [_ONE_PART, None]
    elif names[-1] == "**":
        # `foo/**` matches the contents of foo, not foo itself.
        parts.append(_ONE_PART)
    elif not _names_files(parts[-1]):
        parts.append(None)
    anchor = parts[: next((n for n, part in enumerate(parts) if not isinstance(part, str)), len(parts))]
    return Glob(
        anchor=tuple(part for part in anchor if isinstance(part, str)),
        ending=_ending(parts[-1]),
        parts=tuple(parts),
    )


@lru_cache(maxsize=1 << 18)
def meet(left: Glob, right: Glob) -> bool:
    """Whether a path exists that both globs match."""
    if not (left.ending.endswith(right.ending) or right.ending.endswith(left.ending)):
        return False
    if any(a != b for a, b in zip(left.anchor, right.anchor, strict=False)):
        return False
    return _common(left.parts, right.parts, _parts_meet)


def _common(left: Sequence[_T | None], right: Sequence[_T | None], same: Callable[[_T, _T], bool]) -> bool:
    """Whether two sequences, in which None stands for any sequence, can be equal."""
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        i, j = at
        if i == len(left) and j == len(right):
            return True
        if i < len(left) and left[i] is None:
            todo += [(i + 1, j), (i, j + 1)] if j < len(right) else [(i + 1, j)]
        elif j < len(right) and right[j] is None:
            todo += [(i, j + 1), (i + 1, j)] if i < len(left) else [(i, j + 1)]
        elif i < len(left) and j < len(right):
            a, b = left[i], right[j]
            if a is not None and b is not None and same(a, b):
                todo.append((i + 1, j + 1))
    return False


@lru_cache(maxsize=65536)
def _parts_meet(left: str | tuple[_Token, ...], right: str | tuple[_Token, ...]) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return _common(_tokens(left), _tokens(right), _ranges_meet)


def _tokens(part: str | tuple[_Token, ...]) -> tuple[_Token, ...]:
    return tuple(_exactly(char) for char in part) if isinstance(part, str) else part


def _ranges_meet(left: _Ranges, right: _Ranges) -> bool:
    return any(low <= end and start <= high for low, high in left for start, end in right)


def _exactly(char: str) -> _Ranges:
    return ((ord(char), ord(char)),)


def _part(name: str) -> _Part:
    if name == "**":
        return None
    if not any(char in name for char in "*?[\\"):
        return name
    tokens: list[_Token] = []
    at = 0
    while at < len(name):
        char = name[at]
        if char == "[":
            ranges, at = _bracket(name, at + 1)
            tokens.append(ranges)
            continue
        if char == "\\" and at + 1 < len(name):
            at += 1
            tokens.append(_exactly(name[at]))
        else:
            tokens.append(None if char == "*" else _ANY if char == "?" else _exactly(char))
        at += 1
    return tuple(tokens)


def _bracket(name: str, at: int) -> tuple[_Ranges, int]:
    """Parses a bracket whose content starts at `at`; returns its characters and the index after it."""
    negated = name[at : at + 1] in ("!", "^")
    at += negated
    first = at
    ranges: list[tuple[int, int]] = []
    while at < len(name):
        if name[at] == "]" and at > first:
            return (_outside(ranges) if negated else tuple(ranges)), at + 1
        low, at = _bracket_char(name, at)
        high = low
        if name[at : at + 1] == "-" and name[at + 1 : at + 2] not in ("", "]"):
            high, at = _bracket_char(name, at + 1)
        if high < low:
            raise _UnsureError
        ranges.append((low, high))
    raise _UnsureError


def _bracket_char(name: str, at: int) -> tuple[int, int]:
    if name[at : at + 1] == "\\":
        at += 1
    if at >= len(name) or name[at : at + 2] == "[:":
        raise _UnsureError
    return ord(name[at]), at + 1


def _names_files(part: _Part) -> bool:
    """Whether there is a dot beyond the first character, as in `main.rs` but not in `.github`."""
    return part is not None and _exactly(".") in _tokens(part)[1:]


def _ending(part: _Part) -> str:
    """Returns the literal characters at the end of `part`."""
    if isinstance(part, str):
        return part
    ending = ""
    for token in reversed(part or ()):
        if token is None or len(token) != 1 or token[0][0] != token[0][1]:
            break
        ending = chr(token[0][0]) + ending
    return ending


def _outside(ranges: Sequence[tuple[int, int]]) -> _Ranges:
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted([*ranges, (_SLASH, _SLASH)]):
        if start < low:
            gaps.append((start, low - 1))
        start = max(start, high + 1)
    return (*gaps, (start, _LAST)) if start <= _LAST else tuple(gaps)
