"""What is made from the code and kept as files: pages, man pages, completions; and the site itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.reference.commands import command_pages
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
