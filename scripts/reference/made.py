"""Every file that is made from the code, and its text."""

from pathlib import Path

from typer._completion_shared import get_completion_script

from gitcoord.cli.commands.help import topic_titles
from scripts.reference.commands import command_pages
from scripts.reference.man import man_page, root_page
from scripts.reference.markdown import commands_page, documents_page, errors_page
from scripts.reference.settings import settings_page

_COMPLETIONS = {
    "bash": "share/bash-completion/completions/gitcoord",
    "zsh": "share/zsh/site-functions/_gitcoord",
    "fish": "share/fish/vendor_completions.d/gitcoord.fish",
}
"""Where each shell looks for completions of installed programs."""


def made_files(root: Path) -> dict[str, str]:
    """The text of each file by its path in the repository."""
    pages = command_pages()
    errors = (root / "docs/errors.md").read_text(encoding="utf-8")
    files = {
        "docs/commands.md": commands_page(pages),
        "docs/documents.md": documents_page(),
        "docs/settings.md": settings_page(),
        "docs/errors.md": errors_page(errors, root / "gitcoord"),
        "share/man/man1/gitcoord.1": root_page(pages, topic_titles()),
    }
    for page in pages:
        files[f"share/man/man1/{page.name.replace(' ', '-')}.1"] = man_page(page)
    for shell, path in _COMPLETIONS.items():
        script = get_completion_script(prog_name="gitcoord", complete_var="_GITCOORD_COMPLETE", shell=shell)
        files[path] = script.rstrip("\n") + "\n"
    return files
