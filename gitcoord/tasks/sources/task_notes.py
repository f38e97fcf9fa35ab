"""Reads the notes of a task in a Markdown list: `(depends on: 1, 2; touches: src/*.py)`.

A line of its own below the title has the same meaning, such as `Depends on: T001` or `_Depends: 1.1_`. Text
after the ids is prose: it is reported and not interpreted.
"""

import re
from collections.abc import Sequence

import msgspec

from gitcoord.tasks.coercion import listed, quoted
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId

_NEEDS = r"depends[ _]on|depends|dependency|dependencies|blocked by"
_KEYS = rf"{_NEEDS}|touches|modifies|conflicts with|estimate"
_IN_PARENTHESES = re.compile(r"\s*\(([^()]*)\)")
_NOTE = re.compile(rf"\s*(?P<key>{_KEYS})\s*:\s*(?P<value>.*)", re.IGNORECASE | re.DOTALL)
# Spec-Kit writes `(depends on T012, T013)`, without a colon.
_PLAIN_NEEDS = re.compile(r"\s*(?P<key>depends on|blocked by)\s+(?P<value>.*)", re.IGNORECASE | re.DOTALL)
_LINE = re.compile(
    rf"^\s*(?:[-*+]\s+)?[*_`]*(?P<key>{_KEYS})[*_`]*\s*:[*_`]*\s*(?P<value>.*?)\s*$", re.IGNORECASE
)
_ID = r"(?:T-?\d+[a-z]?(?:\.\d+)*|[A-Z]+-\d+|\d+(?:\.\d+)*)"
_RANGE = re.compile(rf"(?<![\w.-])(?P<first>{_ID})\s*(?:-|–|—|\.\.\.?|to|through)\s*(?P<last>{_ID})(?![\w-])")
_NAME = re.compile(rf"(?<![\w.-])#?(?P<id>{_ID})(?![\w-])")
_BETWEEN = re.compile(r"\b(?:and|tasks?)\b|[\s,;&+.\[\]()*_`]+", re.IGNORECASE)
_NOTHING = {"", "none", "nothing", "n/a", "-", "—", "–"}


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """The notes of a task, as `metadata.gitcoord` in TaskMaster's lists."""

    depends_on: tuple[str, ...] = ()
    modifies: tuple[str, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    estimate: float | None = None

    def with_(self, other: "Notes") -> "Notes":
        """Returns these notes with those of `other`; of two estimates, keeps this one."""
        return Notes(
            depends_on=tuple(dict.fromkeys((*self.depends_on, *other.depends_on))),
            modifies=tuple(dict.fromkeys((*self.modifies, *other.modifies))),
            conflicts_with=tuple(dict.fromkeys((*self.conflicts_with, *other.conflicts_with))),
            estimate=self.estimate if self.estimate is not None else other.estimate,
        )


def read_title_notes(title: str, ids: Sequence[str], about: TaskId, findings: Findings) -> tuple[Notes, str]:
    """Returns the notes in the title's parentheses, and the title without them.

    `ids` are the list's, in order.
    """
    notes, kept = Notes(), title
    for found in _IN_PARENTHESES.finditer(title):
        parts = found[1].split(";")
        first = _NOTE.fullmatch(parts[0]) or _PLAIN_NEEDS.fullmatch(parts[0])
        if first is None:
            continue
        kept = kept.replace(found[0], "", 1)
        for part in parts:
            note = _NOTE.fullmatch(part) or _PLAIN_NEEDS.fullmatch(part)
            if note is None:
                findings.warn(
                    "unread-note", f"Task {about} has the unknown note {quoted(part.strip())}.", about
                )
            else:
                notes = notes.with_(_note(note, ids, about, findings))
    return notes, kept.strip()


def read_body_notes(body: str, ids: Sequence[str], about: TaskId, findings: Findings) -> Notes:
    """Returns the notes on lines of their own below a title."""
    notes = Notes()
    for line in body.split("\n"):
        note = _LINE.fullmatch(line)
        if note is not None:
            notes = notes.with_(_note(note, ids, about, findings))
    return notes


def _note(note: re.Match[str], ids: Sequence[str], about: TaskId, findings: Findings) -> Notes:
    key, value = note["key"].lower(), note["value"].strip().strip("*_").strip()
    if key in ("touches", "modifies"):
        globs = [glob.strip().strip("`") for glob in value.split(",")]
        return Notes(modifies=tuple(filter(None, globs)))
    if key == "estimate":
        minutes = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\s*(?:m|min|minutes))?", value)
        if minutes is not None:
            return Notes(estimate=float(minutes[1]))
        findings.warn(
            "bad-hint", f"The estimate of task {about} is {quoted(value)}, not a number of minutes.", about
        )
        return Notes()
    names = _ids_in(value, ids, about, key, findings)
    return Notes(conflicts_with=names) if key == "conflicts with" else Notes(depends_on=names)


def _ids_in(value: str, ids: Sequence[str], about: TaskId, key: str, findings: Findings) -> tuple[str, ...]:
    """Returns the ids in `value`; if there is prose around them, only unmistakable ids."""
    if value.lower().rstrip(".") in _NOTHING:
        return ()
    names: list[str] = []

    def whole(found: re.Match[str]) -> str:
        first, last = found["first"], found["last"]
        if first not in ids or last not in ids or ids.index(first) > ids.index(last):
            return found[0]
        names.extend(ids[ids.index(first) : ids.index(last) + 1])
        return " "

    rest = _RANGE.sub(whole, value)
    single = [found["id"] for found in _NAME.finditer(rest)]
    prose = _BETWEEN.sub(" ", _NAME.sub(" ", rest)).strip()
    if not prose:
        return tuple(dict.fromkeys((*names, *single)))
    names += [name for name in single if name in ids and not name.isdigit()]
    read = f"gitcoord reads {listed(names)} of it" if names else "gitcoord reads no task in it"
    findings.warn("unread-dependency", f"Task {about} says `{key}` {quoted(value)}; {read}.", about)
    return tuple(dict.fromkeys(names))
