"""`python -m scripts.reference`: writes what is made from the code anew, and says what has changed.

That is `docs/commands.md`, `docs/documents.md`, the last column of `docs/errors.md`, the schemas of
documents, and `share/`: man pages and the completions of three shells.
"""

from pathlib import Path

from scripts.reference.made import made_files

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Writes each file that is not as it should be."""
    from gitcoord.cli.documents.make_schemas import write_schemas

    write_schemas()
    for name, text in made_files(ROOT).items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(name)


if __name__ == "__main__":
    main()
