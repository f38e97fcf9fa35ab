"""How commands talk: data to stdout, talk to stderr, nothing untrusted interpreted.

Titles, branch names and paths come from others: `clean` makes control characters visible, and text
reaches rich only as plain `Text`, never as markup.
"""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from gitcoord.cli.views.styled_text import Shown, StyledText
from gitcoord.redact import holds_secret, redact, redacted
from gitcoord.text_lists import visible

if TYPE_CHECKING:
    from rich.console import Console

    from gitcoord.tasks.model import Finding


DRAWN = ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE")
"""Variables by which somebody asks for what a terminal would get, though the output is a file or a pipe."""


def clean(text: str) -> str:
    """`text` on one line, safe for a terminal and without secrets: what is invisible is escaped."""
    return visible(redact(text))


def emit(line: str) -> None:
    """One line of data on stdout; undecodable bytes of paths go out as they came in."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def emit_text(text: str) -> None:
    """Text of several lines on stdout, each line safe for a terminal and without secrets; tabs stay."""
    for line in text.removesuffix("\n").split("\n"):
        emit("\t".join(map(clean, line.split("\t"))))


def emit_json(schema: str, document: Any, also: Mapping[str, Any] | None = None) -> None:
    """`document` as one JSON document on stdout, opened by its `gitcoord.<schema>/1` name; `also` ends it."""
    emit(as_json(schema, document, indent=2, also=also))


def as_json(
    schema: str, document: Any, indent: int | None = None, also: Mapping[str, Any] | None = None
) -> str:
    """The text of a document `gitcoord.<schema>/1`, without secrets; on one line without an `indent`."""
    quick = _plain_document(schema, document, also)
    if quick is not None:
        # Without an indent the standard encoder's blanks.
        return msgspec.json.format(quick, indent=indent or 0).decode()
    import json  # the standard encoder escapes lone surrogates, which are real in paths

    whole = {"schema": f"gitcoord.{schema}/1", **msgspec.to_builtins(document, str_keys=True)}
    if also:
        whole |= msgspec.to_builtins(also, str_keys=True)
    text = json.dumps(whole, ensure_ascii=True)
    if holds_secret(text):
        whole = redacted(whole)
        text = json.dumps(whole, ensure_ascii=True)
    if indent is None:
        return text
    try:
        # The standard encoder is many times slower as soon as it is to indent.
        return msgspec.json.format(text, indent=indent)
    except msgspec.DecodeError:
        # That one takes no lone surrogates.
        return json.dumps(whole, indent=indent, ensure_ascii=True)


def _plain_document(schema: str, document: Any, also: Mapping[str, Any] | None) -> bytes | None:
    """The document of a struct in ASCII, else None: where it may hold a secret, or has a lone surrogate.

    The encoder for structs takes a fifth of the time of the standard one.
    """
    if not isinstance(document, msgspec.Struct) or (
        also and not also.keys().isdisjoint(document.__struct_fields__)
    ):
        return None
    try:
        own, more = msgspec.json.encode(document), msgspec.json.encode(also or {})
    except UnicodeEncodeError:  # a lone surrogate
        return None
    members = [f'"schema":"gitcoord.{schema}/1"'.encode(), own[1:-1], more[1:-1]]
    whole = b"{" + b",".join(filter(None, members)) + b"}"
    text = whole.decode()
    if holds_secret(text):
        return None
    return whole if whole.isascii() else _in_ascii(text)


def _in_ascii(text: str) -> bytes:
    """A text of JSON with the escapes of JSON for all that is not ASCII."""
    import codecs

    codecs.register_error("gitcoord.json", _json_escapes)
    return text.encode("ascii", "gitcoord.json")


def _json_escapes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end].encode("utf-16-be").hex()
    return "".join([f"\\u{found[at : at + 4]}" for at in range(0, len(found), 4)]), error.end


def say(text: str) -> None:
    """One sentence for a person, on stderr. Several lines are kept as lines."""
    for line in redact(text).split("\n"):
        sys.stderr.write(clean(line) + "\n")
    sys.stderr.flush()


def warn(findings: Iterable["Finding"]) -> None:
    """Each warning as a line on stderr, named by its code."""
    for finding in findings:
        say(f"warning: {finding.message} [{finding.code}]")


def show(*parts: Shown, soft_wrap: bool = False, stderr: bool = False) -> None:
    """Prints lines and tables, on stdout or on `stderr`; a terminal does not wrap what is `soft_wrap`."""
    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty() or any(map(os.environ.get, DRAWN)):
        console = _console(stderr=stderr)
        for part in parts:
            console.print(part, soft_wrap=soft_wrap)
        return
    for part in parts:
        stream.writelines(f"{line.rstrip(' ')}\n" for line in part.lines())
    stream.flush()


def stdout_console() -> "Console":
    """The console for what a person asked to see. Markup, emoji and highlighting are off."""
    return _console(stderr=False)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    from gitcoord.cli.views.piped_console import WIDEST, PipedConsole

    plain_text: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False, "stderr": stderr}
    if (sys.stderr if stderr else sys.stdout).isatty():
        return Console(**plain_text)
    # Whoever sets COLUMNS for a pipe means it.
    return PipedConsole(**plain_text, width=None if "COLUMNS" in os.environ else WIDEST)


def plain(text: str, style: str = "") -> StyledText:
    """`text` for `show`, never taken for markup."""
    return StyledText(text, style)


def count_of(count: int, what: str) -> str:
    """`1 task`, `1,200 tasks`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


RISK_STYLES = {"low": "green", "medium": "yellow", "high": "bold red"}


def percent(chance: float) -> str:
    """`12 %`; what is nearly nothing or nearly certain is never called 0 % or 100 %."""
    if 0 < chance < 0.01:
        return "<1 %"
    return f"{min(99, round(chance * 100))} %" if chance < 1 else "100 %"
