"""Finds references in the Markdown text of an issue or pull request: dependencies, task lists.

Source: https://docs.github.com/en/get-started/writing-on-github, on autolinked references and task lists.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_HIDDEN: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)|`[^`\n]+`|~~[^~\n]+~~", re.DOTALL | re.MULTILINE
)
"""Comments, code, and struck-out text."""
_LINK: Final = re.compile(r"\[[^\]\n]*\]\((https?://[^\s)]+)\)")
_REFERENCE: Final = (
    r"(?:(?:[\w.-]+/[\w.-]+)?\#\d{1,9}|GH-\d{1,9}|https?://[^\s/]+/[\w.-]+/[\w.-]+/(?:issues|pull)/\d{1,9})\b"
)
_BULLET: Final = r"\r?\n[\ \t]*(?:[-*+]|\d+[.)])[\ \t]+(?:\[[\ xX]\][\ \t]+)?"
_BETWEEN: Final = rf"[\ \t,&+]|\band\b|{_BULLET}|\r?\n(?![\ \t]*\r?\n)"
_NEED: Final = re.compile(
    rf"""(?<!no\ longer\ )(?<!not\ )(?<!never\ )(?<!n't\ )(?<!n’t\ )\b
    (?:depends[\s_-]on|dependent[\s_-]on|blocked[\s_-](?:by|on)|stacked[\s_-]on)\b[*_]*:?[*_]*
    ((?:{_BETWEEN}|(?:\r?\n)+{_BULLET})*{_REFERENCE}(?:(?:{_BETWEEN})*{_REFERENCE})*)""",
    re.IGNORECASE | re.VERBOSE,
)
_ITEM: Final = re.compile(
    rf"^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]\s+({_REFERENCE})".replace(r"\#", "#"), re.MULTILINE
)
_ONE: Final = re.compile(_REFERENCE.replace(r"\#", "#"), re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d{1,9}\Z")
_SLUG: Final = re.compile(r"(?:https?://[^\s/]+/)?([\w.-]+/[\w.-]+?)(?:#|/issues/|/pull/)")


class Reference(msgspec.Struct, frozen=True):
    """An issue or a pull request by its number; `repository` is empty if the text names none."""

    repository: str
    number: int

    def is_in(self, repository: str) -> bool:
        """Whether it is in the text's own repository, whose name a text may omit."""
        return not self.repository or self.repository.casefold() == repository.casefold()


def named_needs(text: str) -> tuple[Reference, ...]:
    """Returns the dependencies in a text: `Depends on #12`, `blocked by #3 and #4`, or a list below."""
    return tuple(dict.fromkeys(one for part in _NEED.findall(_shown(text)) for one in _references(part)))


def listed_references(text: str) -> tuple[Reference, ...]:
    """Returns the issues in a text's task list: `- [ ] #12`."""
    return tuple(dict.fromkeys(one for part in _ITEM.findall(_shown(text)) for one in _references(part)))


def _shown(text: str) -> str:
    """Returns the visible text, with the addresses of links instead of their words."""
    return _LINK.sub(r"\1", _HIDDEN.sub(" ", text))


def _references(text: str) -> Iterator[Reference]:
    for word in _ONE.findall(text):
        slug, number = _SLUG.match(word), _NUMBER.search(word)
        if number is not None:
            yield Reference(slug[1] if slug else "", int(number[0]))
