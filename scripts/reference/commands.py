"""What the commands say of themselves: the one source of `docs/commands.md` and of the man pages."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from typer.main import get_command

from gitcoord.cli.app import app

_HIDDEN = {"git-credential"}


class CommandPage(NamedTuple):
    """A command: its words, its usage, what it says, and `(name, text)` of arguments and options."""

    name: str
    summary: str
    usage: str
    paragraphs: list[str]
    arguments: list[tuple[str, str]]
    options: list[tuple[str, str]]
    examples: list[str]
    remarks: list[str]


def root_command() -> Any:
    """The command `gitcoord` itself, with all others under it."""
    return get_command(app)


def command_pages() -> list[CommandPage]:
    """Every command in the order of `gitcoord --help`, those of groups after their group."""
    root = root_command()
    context = root.make_context("gitcoord", ["plan"], resilient_parsing=True)
    return list(_pages(root, context))


def _pages(group: Any, context: Any) -> Iterator[CommandPage]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command.hidden or name in _HIDDEN:
            continue
        inner = type(context)(command, info_name=name, parent=context)
        yield _page(command, inner)
        if hasattr(command, "list_commands"):
            yield from _pages(command, inner)


def _page(command: Any, context: Any) -> CommandPage:
    paragraphs = [
        " ".join(part.split())
        for part in (command.help or "").replace("\b", "").split("\n\n")
        if part.strip()
    ]
    arguments, options = [], []
    for parameter in command.get_params(context):
        if parameter.param_type_name == "argument":
            told = parameter.get_help_record(context)
            arguments.append((told[0], told[1]) if told else (parameter.make_metavar(context), ""))
        elif (told := parameter.get_help_record(context)) is not None:
            options.append((told[0], " ".join(told[1].split())))
    return CommandPage(
        name=context.command_path,
        summary=(command.short_help or paragraphs[0]).rstrip("."),
        usage=" ".join(command.get_usage(context).removeprefix("Usage: ").split()),
        paragraphs=paragraphs,
        arguments=arguments,
        options=options,
        examples=examples(command.epilog or ""),
        remarks=_remarks(command.epilog or ""),
    )


def examples(epilog: str) -> list[str]:
    """The commands that an epilog shows, with what they do as a comment of the shell."""
    return [line[2:] for line in epilog.splitlines() if line.startswith("  ")]


def _remarks(epilog: str) -> list[str]:
    """The paragraphs of an epilog that are no examples."""
    parts = epilog.replace("\b", "").replace("Examples:", "").split("\n\n")
    told = [" ".join(line for line in part.splitlines() if not line.startswith("  ")) for part in parts]
    return [text for part in told if (text := " ".join(part.split()))]
