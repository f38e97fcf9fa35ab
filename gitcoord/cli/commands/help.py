"""`gitcoord help`: shows the documentation of this version, and the help of a command."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

_EPILOG = """\b
Examples:
  gitcoord help            # the topics
  gitcoord help running    # `run`, agents and their environment
  gitcoord help tutorial   # from an empty folder to landed work
  gitcoord help reference  # settings, variables, JSON documents
  gitcoord help plan       # the same as `gitcoord plan --help`
"""


def _complete(incomplete: str) -> list[str]:
    return [name for name in _topics() if name.startswith(incomplete)]


@app.command("help", epilog=_EPILOG)
def show_help(
    context: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC", help="A topic, or a command.", autocompletion=_complete, show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One gitcoord.help/1 document on stdout.")] = False,
) -> None:
    """Show the documentation of this version by topic, or the help of a command."""
    from gitcoord.cli.views.output import emit, emit_json

    topics = _topics()
    titles = topic_titles()
    if topic is None:
        if as_json:
            emit_json("help", {"topics": titles})
            return
        rows = {f"gitcoord help {name}": title for name, title in titles.items()}
        rows["gitcoord COMMAND --help"] = "One command; `gitcoord --help` lists them"
        width = max(map(len, rows))
        for command, title in rows.items():
            emit(f"{command:<{width}}  {title}")
        return
    if topic in topics:
        text = topics[topic].read_text(encoding="utf-8")
        if as_json:
            emit_json("help", {"topic": topic, "text": text})
        else:
            _show(text)
        return
    _show_command(context, topic, list(topics))


def topic_titles() -> dict[str, str]:
    """Returns the title of each page by its name."""
    return {name: _title(path) for name, path in _topics().items()}


def _topics() -> "dict[str, Path]":
    from gitcoord.cli.packaged_files import packaged

    return {path.stem: path for path in sorted(packaged("docs").glob("*.md"))}


def _title(path: "Path") -> str:
    """Returns the first sentence below the heading, or the heading if nothing is below it."""
    with path.open(encoding="utf-8") as file:
        lines = [line.strip() for line in file.read(400).split("\n") if line.strip()]
    return lines[1].split(". ")[0].rstrip(".") if len(lines) > 1 else lines[0].lstrip("# ")


def _show(text: str) -> None:
    from gitcoord.cli.views.output import emit, stdout_console

    console = stdout_console()
    if not console.is_terminal:
        emit(text.rstrip("\n"))
        return
    from rich.markdown import Markdown

    with console.pager(styles=True):
        console.print(Markdown(text))


def _show_command(context: typer.Context, name: str, topics: list[str]) -> None:
    from difflib import get_close_matches

    from gitcoord.cli.app import COMMANDS, Commands
    from gitcoord.cli.views.output import emit
    from gitcoord.errors import usage_error

    root = context.find_root()
    command = root.command.get_command(root, name) if isinstance(root.command, Commands) else None
    if command is None:
        near = get_close_matches(name, [*topics, *COMMANDS], 1)
        hint = f"Did you mean `gitcoord help {near[0]}`?" if near else f"Topics: {', '.join(topics)}."
        raise usage_error("usage", f"There is no topic or command {name!r}.", hint)
    emit(command.get_help(type(context)(command, info_name=name, parent=root)))
