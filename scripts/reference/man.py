"""Man pages in roff, from what the commands say of themselves."""

import re

from gitcoord import __version__
from scripts.reference.commands import CommandPage

_EXIT = (
    ("0", "Done, or nothing is in the way."),
    ("1", "The answer is no: conflicts found, level not landed, a task failed."),
    ("2", "Wrong usage, settings or task list."),
    ("3", "Git or the forge could not be asked, or refused."),
    ("70", "A bug. The traceback is in a file whose path is printed."),
    ("130", "Interrupted."),
)


def man_page(page: CommandPage) -> str:
    """The page of one command."""
    name = page.name.replace(" ", "-")
    words, _, rest = page.usage.partition(" [")
    lines = [
        f'.TH "{name.upper()}" "1" "" "gitcoord {__version__}" "gitcoord"',
        ".SH NAME",
        f"{_roff(name)} \\- {_roff(page.summary)}",
        ".SH SYNOPSIS",
        f".B {_roff(words)}",
        *([f"[{_roff(rest)}"] if rest else []),
        ".SH DESCRIPTION",
    ]
    for paragraph in page.paragraphs:
        lines += [".PP", _roff(paragraph)]
    for title, rows in (("ARGUMENTS", page.arguments), ("OPTIONS", page.options)):
        if rows:
            lines += [f".SH {title}", *_listed(rows)]
    if page.examples:
        lines += [".SH EXAMPLES", *_verbatim(page.examples)]
    for remark in page.remarks:
        lines += [".PP", _roff(remark)]
    lines += [".SH EXIT STATUS", *_listed(_EXIT)]
    return "\n".join([*lines, ".SH SEE ALSO", r"\fBgitcoord\fR(1)", ""])


def root_page(pages: list[CommandPage], topics: dict[str, str]) -> str:
    """The page `gitcoord(1)`: the commands, and where to read more."""
    commands = [(page.name.removeprefix("gitcoord "), f"{page.summary}.") for page in pages]
    shown = [(f"gitcoord help {topic}", f"{title}.") for topic, title in topics.items()]
    return "\n".join(
        [
            f'.TH "GITCOORD" "1" "" "gitcoord {__version__}" "gitcoord"',
            ".SH NAME",
            r"gitcoord \- plan parallel tasks, find real conflicts, land the work",
            ".SH SYNOPSIS",
            ".B gitcoord",
            r"[\fB\-C\fR \fIDIR\fR] [\fB\-v\fR] \fICOMMAND\fR [\fIARGUMENT\fR]...",
            ".SH DESCRIPTION",
            "Reads a task list, finds the tasks that can be done at the same time, puts each worker on",
            "the right branch, finds the branches that really conflict, and lands the work one pull",
            "request at a time. Plan and history live in git, under \\fIrefs/gitcoord/\\fR. Each command",
            "has a man page of its own: \\fBgitcoord\\-plan\\fR(1).",
            ".SH COMMANDS",
            *_listed(commands),
            ".SH PAGES",
            "These pages are in the package.",
            *_listed(shown),
            ".SH EXIT STATUS",
            *_listed(_EXIT),
            "",
        ]
    )


def _listed(rows: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> list[str]:
    return [line for name, text in rows for line in (".TP", f"\\fB{_roff(name)}\\fR", _roff(text) or "\\&")]


def _verbatim(lines: list[str]) -> list[str]:
    return [".nf", *(_roff(line) or "\\&" for line in lines), ".fi"]


def _roff(text: str) -> str:
    """Text that roff takes for text."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    text = text.replace("…", "...")
    text = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in text)
    return f"\\&{text}" if text.startswith((".", "'")) else text
