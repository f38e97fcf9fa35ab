"""What is made from the code and kept as files: pages, man pages, completions; and the site itself."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.reference.commands import command_pages, root_command
from scripts.reference.made import made_files

ROOT = Path(__file__).parent.parent.parent


def test_every_command_and_option_is_in_the_reference_and_in_a_man_page() -> None:
    """Words may lag behind until a release writes them again; a command or an option may not."""
    reference = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part for part in reference.split("\n## ")[1:]}
    pages = command_pages()
    again = "write them again: python -m scripts.reference"
    assert list(sections) == [page.name for page in pages], again
    for page in pages:
        man = (ROOT / f"share/man/man1/{page.name.replace(' ', '-')}.1").read_text(encoding="utf-8")
        for name, _ in page.options:
            for option in re.findall(r"--[a-z-]+", name):
                assert option in sections[page.name], f"{page.name} {option}: {again}"
                assert option in man.replace("\\-", "-"), f"{page.name} {option}: {again}"


def test_each_example_can_be_pasted_into_a_shell_as_it_is_written() -> None:
    """An explanation is a comment of the shell: as words they were more tasks, or an error."""
    root = root_command()
    lines = [*_lines_of_pages(), *(line for page in command_pages() for line in page.examples)]
    found = [words for line in lines if (words := _words_of_gitcoord(line))]
    assert len(found) > 200
    refused = [(" ".join(words), problem) for words in found if (problem := _problem(root, words))]
    assert refused == []


def _lines_of_pages() -> Iterator[str]:
    """The lines of the shell in pages that people write."""
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for block in re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S):
            yield from re.sub(r"\\\n", " ", block).splitlines()


def _words_of_gitcoord(line: str) -> list[str]:
    """The words of a line that calls a command, up to a comment, a pipe or the next command."""
    if not line.startswith("gitcoord ") or line.startswith("gitcoord --"):
        return []
    words = shlex.split(re.sub(r"\s#\s.*", "", line))
    ends = [place for place, word in enumerate(words) if word in ("|", "<", ">", "&&", ";")]
    return words[1 : min(ends, default=len(words))]


def _problem(root: Any, words: list[str]) -> str:
    """What the command line says against these words; empty if it accepts them."""
    group, context = root, root.make_context("gitcoord", list(words), resilient_parsing=False)
    try:
        while hasattr(group, "list_commands") and (rest := [*context._protected_args, *context.args]):
            name, group, rest = group.resolve_command(context, rest)
            context = group.make_context(name, rest, parent=context)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_every_setting_is_in_the_reference() -> None:
    kept, made = (ROOT / "docs/settings.md").read_text(encoding="utf-8"), made_files(ROOT)["docs/settings.md"]
    rows = re.compile(r"^(?:## .*|\| `.*)$", re.MULTILINE)
    assert rows.findall(kept) == rows.findall(made), "write it again: python -m scripts.reference"


def test_every_made_file_is_there_and_none_is_left_over() -> None:
    made = made_files(ROOT)
    kept = {path.relative_to(ROOT).as_posix() for path in (ROOT / "share").rglob("*") if path.is_file()}
    assert kept == {name for name in made if name.startswith("share/")}
    assert all(text.strip() for text in made.values())


def test_the_site_builds_without_a_warning_and_has_no_dead_link(tmp_path: Path) -> None:
    """Warnings are errors, and so is a link to a page or heading that is not there; --quiet hides them."""
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install -e '.[docs]'")
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install -e '.[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path / "site")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    pages = {path.stem for path in (tmp_path / "site").glob("*.html")} - {"404"}
    assert pages == {path.stem for path in (ROOT / "docs").glob("*.md")}
