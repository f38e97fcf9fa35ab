#!/usr/bin/env python3
"""Fetches real answers of GitHub, as recorded in the npm package @octokit/fixtures (MIT), into a directory.

    scripts/fetch_octokit_fixtures.py DIRECTORY

With `npm pack` where there is npm, else from the npm registry over HTTPS. Nothing is fetched when DIRECTORY
has them already. What comes is checked against the checksum below before it is unpacked.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

VERSION = "23.1.2"
SHA256 = "5a9b0221d7c18f593dc57b5f292e946e8cadfac2b0d4578b38d7e9bd63836c64"
_URL = f"https://registry.npmjs.org/@octokit/fixtures/-/fixtures-{VERSION}.tgz"
_SCENARIOS = "package/scenarios/api.github.com/"
_SECONDS = 30


class NotReachable(Exception):  # noqa: N818 - it is what happened
    """Neither npm nor the registry gave the package."""


def fetch(target: Path) -> Path:
    """The directory with a folder for each scenario, fetched when it is not there yet."""
    if (target / "LICENSE.md").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        package = _packed(Path(scratch)) or _downloaded(Path(scratch))
        if package is None:
            raise NotReachable("@octokit/fixtures cannot be fetched: no npm, and no way to the npm registry")
        found = hashlib.sha256(package.read_bytes()).hexdigest()
        if found != SHA256:
            raise NotReachable(f"@octokit/fixtures {VERSION} is not what it was: its checksum is {found}")
        unpacked = Path(scratch) / "unpacked"
        with tarfile.open(package) as archive:
            archive.extractall(unpacked, filter="data")
        whole = unpacked / _SCENARIOS
        # Last, so that a directory with it is complete.
        shutil.copy(unpacked / "package" / "LICENSE.md", whole / "LICENSE.md")
        if not target.exists():
            whole.rename(target)
    return target


def _packed(directory: Path) -> Path | None:
    argv = ["npm", "pack", "--silent", f"@octokit/fixtures@{VERSION}"]
    try:
        subprocess.run(argv, cwd=directory, capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return next(directory.glob("*.tgz"), None)


def _downloaded(directory: Path) -> Path | None:
    package = directory / "fixtures.tgz"
    try:
        with urllib.request.urlopen(_URL, timeout=_SECONDS) as answer:
            package.write_bytes(answer.read())
    except (OSError, urllib.error.URLError):
        return None
    return package


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    try:
        print(fetch(parser.parse_args().directory))
    except NotReachable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
