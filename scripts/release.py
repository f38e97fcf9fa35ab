"""Makes a release: `python -m scripts.release 0.2.0`, with the extra `release` installed.

It writes what is made from the code, the version and the changelog's date, commits, tags, and builds into
`dist/`: sdist and wheel (twice, and compares them), an SBOM of what the wheel installs, and checksums.
`--index URL` uploads them, with twine's own variables for the login. Nothing is pushed: it prints the command
for that. Where it was interrupted it can be run again: a tag that is there is built as it is.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def main(arguments: list[str] | None = None) -> int:
    """Releases, or says why not."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release", description=__doc__)
    parser.add_argument("version", help="such as 0.2.0 or 0.2.0rc1")
    parser.add_argument("--index", metavar="URL", help="upload to this index")
    parser.add_argument("--dist", metavar="DIR", type=Path, default=ROOT / "dist")
    asked = parser.parse_args(arguments)
    if not _VERSION.fullmatch(asked.version):
        return _refuse(f"{asked.version} is no version.", "Write it like 0.2.0 or 0.2.0rc1.")
    tag = f"v{asked.version}"
    if _git("status", "--porcelain"):
        return _refuse("The working tree has changes.", "Commit or stash them.")
    if _git("tag", "--list", tag):
        if _git("rev-parse", f"{tag}^{{commit}}") != _git("rev-parse", "HEAD"):
            return _refuse(f"{tag} is another commit.", f"git switch --detach {tag}")
    else:
        _commit(asked.version, tag)
    files = _build(asked.dist, asked.version)
    print("\n".join(f"{_digest(file)}  {file.name}" for file in files))
    if asked.index:
        packages = [str(file) for file in files if file.suffix in (".whl", ".gz")]
        _run(sys.executable, "-m", "twine", "upload", "--repository-url", asked.index, *packages)
    branch = _git("branch", "--show-current")
    print(f"Next: git push --atomic origin {branch or 'HEAD'} {tag}")
    return 0


def _commit(version: str, tag: str) -> None:
    """Writes what a release changes, commits it, and tags that."""
    _run(sys.executable, "-m", "scripts.reference")
    module, changes = ROOT / "gitcoord" / "__init__.py", ROOT / "CHANGELOG.md"
    text = module.read_text(encoding="utf-8")
    text = re.sub(r'__version__ = "[^"]+"', f'__version__ = "{version}"', text)
    module.write_text(text, encoding="utf-8")
    _run(sys.executable, "-m", "scripts.reference")  # man pages name the version
    changes.write_text(dated(changes.read_text(encoding="utf-8"), version), encoding="utf-8")
    _git("add", "--", "CHANGELOG.md", "docs", "gitcoord", "share")
    _git("commit", "--quiet", "-m", f"Release {version}")
    _git("tag", "--annotate", tag, "-m", f"gitcoord {version}")


def dated(changelog: str, version: str) -> str:
    """The changelog with the version and today's date in place of what is unreleased."""
    today = datetime.now(UTC).date().isoformat()
    return re.sub(r"^## \S+ \(unreleased\)$", f"## {version} ({today})", changelog, count=1, flags=re.M)


def _build(dist: Path, version: str) -> list[Path]:
    """The artefacts of HEAD, each made twice in two places; raises SystemExit where they differ."""
    dist.mkdir(parents=True, exist_ok=True)
    os.environ["SOURCE_DATE_EPOCH"] = _git("log", "-1", "--format=%ct")
    with tempfile.TemporaryDirectory() as place:
        for number in "12":
            source = Path(place) / number / "source"
            _git("clone", "--quiet", str(ROOT), str(source))
            _run(
                sys.executable,
                "-m",
                "hatchling",
                "build",
                "-d",
                str(Path(place) / number / "dist"),
                cwd=source,
            )
        first, second = (sorted((Path(place) / number / "dist").iterdir()) for number in "12")
        if [_digest(file) for file in first] != [_digest(file) for file in second]:
            raise SystemExit("Built twice, the packages differ.")
        files = [dist / file.name for file in first]
        for before, after in zip(first, files, strict=True):
            after.write_bytes(before.read_bytes())
        [wheel] = [file for file in files if file.suffix == ".whl"]
        bill = dist / f"gitcoord-{version}.cdx.json"
        _bill_of_materials(wheel, bill, Path(place) / "installed")
    sums = dist / "SHA256SUMS"
    sums.write_text("".join(f"{_digest(file)}  {file.name}\n" for file in [*files, bill]), encoding="utf-8")
    return [*files, bill, sums]


def _bill_of_materials(wheel: Path, bill: Path, place: Path) -> None:
    """Installs the wheel into an environment of its own, and lists what that holds."""
    venv.create(place, with_pip=True)
    _run(str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel))
    command = ["cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON", "-o", str(bill)]
    _run(sys.executable, "-m", *command, str(place))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _git(*arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return ended.stdout.strip()


def _run(*command: str, cwd: Path = ROOT) -> None:
    subprocess.run(command, cwd=cwd, check=True)


def _refuse(message: str, way_out: str) -> int:
    print(f"{message}\n  hint: {way_out}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
