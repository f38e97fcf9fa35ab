"""Finds the checkboxes of a Markdown document with markdown-it, which skips code and comments.

A checkbox is a list entry that begins with `[ ]` or `[x]`, as on GitHub, or with another mark in brackets:
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/about-task-lists
"""

import re
from functools import cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINE_END = re.compile(r"\r\n?|\n")
"""The line ends of markdown-it; `str.splitlines` accepts more."""
# Kiro writes `[ ]*` for an optional task.
_BOX = re.compile(r"\[(?P<mark>[^\[\]])\](?P<star>\*?)(?:\s+(?P<text>.*))?", re.DOTALL)


class Heading(msgspec.Struct, frozen=True):
    """A heading: its level (1 to 6), its text, and its line, counted from 0."""

    level: int
    text: str
    line: int


class Checkbox(msgspec.Struct, kw_only=True):
    """A list entry with a checkbox.

    Lines count from 0: the checkbox is on `line`; the text below its first paragraph begins at `below_line`
    and ends before `end`. `number` is that of an ordered list's entry (`3. [ ] Title`), `headings` are those
    above it, the outermost first.
    """

    line: int
    below_line: int
    end: int
    mark: str
    text: str
    number: str = ""
    starred: bool = False
    headings: tuple[Heading, ...] = ()
    below: list["Checkbox"] = []


class Checklist(msgspec.Struct, kw_only=True):
    """The checkboxes of a document in order, nested ones within their parents; and its headings."""

    boxes: list[Checkbox]
    headings: list[Heading]
    lines: list[str]


class FrontMatter(msgspec.Struct, frozen=True, kw_only=True):
    """The text between `---` at the top of a document, and the rest."""

    text: str
    body: str


def read_checklist(document: str) -> Checklist:
    """Returns the checkboxes of a Markdown document."""
    found = Checklist(boxes=[], headings=[], lines=LINE_END.split(document))
    above: list[Heading] = []
    # The list entries around the current token, each with its checkbox, if any.
    entries: list[Checkbox | None] = []
    tokens = _markdown().parse(document)
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            level = int(token.tag[1:])
            heading = Heading(level, " ".join(tokens[place + 1].content.split()), token.map[0])
            above = [*(one for one in above if one.level < level), heading]
            found.headings.append(heading)
        elif token.type == "list_item_open":
            box = _checkbox(token, tokens[place + 1 : place + 3])
            if box is not None:
                box.headings = tuple(above)
                around = next((one for one in reversed(entries) if one is not None), None)
                (around.below if around is not None else found.boxes).append(box)
            entries.append(box)
        elif token.type == "list_item_close":
            entries.pop()
    return found


def split_front_matter(document: str) -> FrontMatter | None:
    """Returns the front matter of a document, unparsed; None if it has none."""
    token = next((one for one in _front_matter().parse(document) if one.type == "front_matter"), None)
    if token is None or not token.map:
        return None
    body = LINE_END.split(document)[token.map[1] :]
    return FrontMatter(text=token.content, body="\n".join(body).strip("\n"))


def _checkbox(entry: "Token", first: "Sequence[Token]") -> Checkbox | None:
    """Returns the checkbox of the list entry that begins with the tokens `first`, or None."""
    if len(first) < 2 or first[1].type != "inline" or not first[1].map or not entry.map:
        return None
    box = _BOX.fullmatch(first[1].content)
    if box is None:
        return None
    return Checkbox(
        line=first[1].map[0],
        below_line=first[1].map[1],
        end=entry.map[1],
        mark=box["mark"],
        starred=bool(box["star"]),
        text=" ".join((box["text"] or "").split()),
        number=entry.info,
        below=[],
    )


@cache
def _front_matter() -> "MarkdownIt":
    """Returns a parser for front matter only, which takes a tenth of the time."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.front_matter import front_matter_plugin

    return MarkdownIt("zero").use(front_matter_plugin)


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt
    from mdit_py_plugins.front_matter import front_matter_plugin

    return MarkdownIt("commonmark").use(front_matter_plugin)
