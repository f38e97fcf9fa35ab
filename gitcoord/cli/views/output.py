"""Prints data to stdout and messages to stderr; never interprets untrusted text.

Titles, branch names and paths come from others: `clean` makes control characters visible, and rich gets text
only as plain `Text`, never as markup.
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
"""Variables with which a user asks for a terminal's output although stdout is a file or a pipe."""


def clean(text: str) -> str:
    """Returns `text` on one line, safe for a terminal and without secrets; escapes invisible characters."""
    return visible(redact(text))


def emit(line: str) -> None:
    """Prints one line of data to stdout; writes undecodable bytes of paths unchanged."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def emit_text(text: str) -> None:
    """Prints several lines to stdout, each safe for a terminal and without secrets; keeps tabs."""
    for line in text.removesuffix("\n").split("\n"):
        emit("\t".join(map(clean, line.split("\t"))))


def emit_json(schema: str, document: Any, also: Mapping[str, Any] | None = None) -> None:
    """Prints `document` to stdout as JSON: first its `schema` name, then its fields, then those of `also`."""
    quick = _plain_document(schema, document, also)
    if quick is None:
        emit(_careful_json(schema, document, 2, also))
    else:
        _emit_ascii(msgspec.json.format(quick, indent=2))


def _emit_ascii(line: bytes) -> None:
    """Prints one line of ASCII; does not copy it if the stream's encoding keeps ASCII unchanged."""
    stream = sys.stdout
    buffer = getattr(stream, "buffer", None)
    if buffer is None or "{".encode(stream.encoding) != b"{":
        emit(line.decode())
        return
    stream.flush()
    buffer.write(line)
    buffer.write(b"\n")
    buffer.flush()


def as_json(
    schema: str, document: Any, indent: int | None = None, also: Mapping[str, Any] | None = None
) -> str:
    """Returns the text of a document `gitcoord.<schema>/1`, without secrets; without `indent` on one line."""
    quick = _plain_document(schema, document, also)
    if quick is not None:
        # Indent 0 writes blanks as the standard encoder does.
        return msgspec.json.format(quick, indent=indent or 0).decode()
    return _careful_json(schema, document, indent, also)


def _careful_json(schema: str, document: Any, indent: int | None, also: Mapping[str, Any] | None) -> str:
    """Encodes any document, and redacts its secrets."""
    import json  # the standard encoder escapes lone surrogates, which occur in paths

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
        # The standard encoder is many times slower if it indents.
        return msgspec.json.format(text, indent=indent)
    except msgspec.DecodeError:
        # msgspec rejects lone surrogates.
        return json.dumps(whole, indent=indent, ensure_ascii=True)


def _plain_document(schema: str, document: Any, also: Mapping[str, Any] | None) -> bytes | bytearray | None:
    """Encodes a struct and `also` in ASCII.

    Returns None for other types, for a key that both have, and for a text that may contain a secret or has a
    lone surrogate.

    The encoder for structs is five times faster than the standard one. A document may have a hundred
    megabytes, so it is not copied.
    """
    if not isinstance(document, msgspec.Struct) or (
        also and not also.keys().isdisjoint(document.__struct_fields__)
    ):
        return None
    whole = bytearray(f'{{"schema":"gitcoord.{schema}/1"}}'.encode())
    encoder = msgspec.json.Encoder()
    try:
        for members in (document, also or {}):
            end = len(whole) - 1
            encoder.encode_into(members, whole, end)
            # The encoder wrote `{…}` over the last `}`. A comma instead of the `{` adds the members to the
            # same object.
            whole[end : end + 1] = b"" if len(whole) == end + len("{}") else b","
    except UnicodeEncodeError:  # a lone surrogate
        return None
    text = whole.decode()
    if holds_secret(text):
        return None
    return whole if whole.isascii() else _in_ascii(text)


def _in_ascii(text: str) -> bytes:
    """Escapes all characters of a JSON text that are not ASCII."""
    import codecs

    codecs.register_error("gitcoord.json", _json_escapes)
    return text.encode("ascii", "gitcoord.json")


def _json_escapes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end].encode("utf-16-be").hex()
    return "".join([f"\\u{found[at : at + 4]}" for at in range(0, len(found), 4)]), error.end


def say(text: str) -> None:
    """Prints a message to stderr; keeps its lines."""
    for line in redact(text).split("\n"):
        sys.stderr.write(clean(line) + "\n")
    sys.stderr.flush()


def warn(findings: Iterable["Finding"]) -> None:
    """Prints each warning to stderr, with its code."""
    for finding in findings:
        say(f"warning: {finding.message} [{finding.code}]")


def show(*parts: Shown, soft_wrap: bool = False, stderr: bool = False) -> None:
    """Prints lines and tables to stdout or `stderr`. With `soft_wrap` long lines are not broken."""
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
    """Returns the console of stdout. Markup, emoji and highlighting are off."""
    return _console(stderr=False)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    from gitcoord.cli.views.piped_console import WIDEST, PipedConsole

    plain_text: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False, "stderr": stderr}
    if (sys.stderr if stderr else sys.stdout).isatty():
        return Console(**plain_text)
    # If a user sets COLUMNS, use it for a pipe, too.
    return PipedConsole(**plain_text, width=None if "COLUMNS" in os.environ else WIDEST)


def plain(text: str, style: str = "") -> StyledText:
    """Returns `text` for `show`; it is never read as markup."""
    return StyledText(text, style)


def count_of(count: int, what: str) -> str:
    """Returns a count with its noun: `1 task`, `1,200 tasks`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


RISK_STYLES = {"low": "green", "medium": "yellow", "high": "bold red"}


def percent(chance: float) -> str:
    """Returns a chance as `12 %`; only an exact 0 or 1 becomes 0 % or 100 %."""
    if 0 < chance < 0.01:
        return "<1 %"
    return f"{min(99, round(chance * 100))} %" if chance < 1 else "100 %"
