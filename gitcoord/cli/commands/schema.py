"""`gitcoord schema`: the JSON schemas of the documents that `--json` prints."""

from typing import Annotated

import typer

from gitcoord.cli.app import app

_EPILOG = """\b
Examples:
  gitcoord schema         # the documents that have a schema
  gitcoord schema status  # the schema of gitcoord.status/1
  gitcoord status --json > status.json
  check-jsonschema --schemafile <(gitcoord schema status) status.json
"""


def _complete(incomplete: str) -> list[str]:
    from gitcoord.cli.documents.files import schema_names

    return [name for name in schema_names() if name.startswith(incomplete)]


@app.command("schema", epilog=_EPILOG)
def show_schema(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="DOCUMENT",
            help="A document: `status` or `gitcoord.status/1`.",
            autocompletion=_complete,
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One gitcoord.schema/1 document on stdout; a schema is JSON anyway."),
    ] = False,
) -> None:
    """Print the JSON schema of a document, or list the documents.

    A later version may add keys to a document. If a version removes a key or changes the meaning of one, the
    document gets another number after its name.
    """
    from gitcoord.cli.documents.files import schema_names, schema_summary, schema_text
    from gitcoord.cli.views.output import emit, emit_json
    from gitcoord.errors import usage_error

    names = schema_names()
    if name is None:
        summaries = {one: schema_summary(one) for one in names}
        if as_json:
            emit_json("schema", {"documents": summaries})
        else:
            for one, summary in summaries.items():
                emit(f"gitcoord schema {one:<17} {summary}")
        return
    wanted = name.removeprefix("gitcoord.").removesuffix("/1")
    if wanted not in names:
        raise usage_error("usage", f"There is no document {name!r}.", f"Documents: {', '.join(names)}.")
    emit(schema_text(wanted).rstrip("\n"))
