"""Recognizes files that should not land: secrets, private keys, agents' notes, large files.

gitcoord never commits them for an agent. It names those in the agent's own commits, and refuses a private
key.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gitcoord.errors import answer_no, usage_error
from gitcoord.git.git_cli import Git, Oid
from gitcoord.settings import RuleSettings
from gitcoord.text_lists import some

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_NAMES = (
    *(".env", ".env.*", "!.env.example", "!.env.sample", "!.env.template", "!.env.dist", ".netrc", ".pypirc"),
    *(".git-credentials", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.p12", "*.pfx", "*.jks", "*.kdbx"),
    *(".aider.chat.history.md", ".aider.input.history", ".aider.tags.cache*/", ".claude/settings.local.json"),
)
_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-|AGE-SECRET-KEY-1"
)
"""The first line of key files of OpenSSL, OpenSSH, PGP, PuTTY and age, whatever their name."""
_BEFORE = re.compile(rb"\s|\# (?:created|public key): |(?:Bag|Key) Attributes")
"""Lines that may precede that first line."""
_BEGINNING, _LARGEST_KEY = 4096, 16 << 10
_AT_ONCE = 256
"""The number of files to read at once: at most 4 MB."""
_A_KEY = "a private key"


def unwanted_files(directory: Path, paths: Sequence[str], rules: RuleSettings) -> dict[str, str]:
    """Returns the files of `paths` that must not be committed for an agent, each with the reason in words."""
    book, found = _patterns(rules), {}
    for path in paths:
        file = directory / path
        if not file.is_file() or file.is_symlink():
            continue
        if (
            why := _by_name(book, path)
            or _by_size(file.stat().st_size, rules)
            or _by_content(book, file, path)
        ):
            found[path] = why
    return found


def unwanted_blobs(git: Git, added: Mapping[str, Oid], rules: RuleSettings) -> set[str]:
    """Returns the paths of `added`, new files and their blobs, that must not be committed for an agent."""
    if not added:
        return set()
    book, sizes = _patterns(rules), blob_sizes(git, added.values())
    named = {path for path, blob in added.items() if _by_name(book, path) or _by_size(sizes[blob], rules)}
    return {*named, *_keys(git, book, added, sizes)}


def blob_sizes(git: Git, blobs: Iterable[Oid]) -> dict[Oid, int]:
    """Returns the size of each blob in bytes."""
    wanted = list(dict.fromkeys(blobs))
    asked = "".join(f"{blob}\n" for blob in wanted).encode()
    told = git.run("cat-file", "--batch-check=%(objectsize)", input=asked).text.split("\n")
    return {blob: int(size) for blob, size in zip(wanted, told, strict=True)} if wanted else {}


def check_commits(git: Git, since: Oid, head: Oid, base: Oid, rules: RuleSettings, branch: str) -> list[str]:
    """Returns notes about unwanted files that commits of `branch` add, even if a later commit removes them.

    Raises `private-key` (exit 1): once pushed, a key stays public.
    """
    added = dict(_added(git, since, head, base))
    if not added:
        return []
    book, sizes = _patterns(rules), blob_sizes(git, added.values())
    keys = sorted(_keys(git, book, added, sizes))
    if keys:
        raise answer_no(
            "private-key",
            f"{branch} has {_A_KEY} in its commits: {some(keys)}.",
            f"Remove it from the commits, too: `git reset --soft {since[:12]}`, `git rm --cached`, commit. "
            f'If the key may be public, allow it with `hold-back = ["!{keys[0]}"]` under [rules].',
        )
    named = {
        path: why
        for path, blob in added.items()
        if (why := _by_name(book, path) or _by_size(sizes[blob], rules))
    }
    return [f"{branch} adds {in_words(named)}; they are committed, so they will land"] if named else []


def in_words(found: Mapping[str, str]) -> str:
    """The files and their reasons in words."""
    return some([f"{path} ({why})" for path, why in found.items()])


def _by_name(book: "GitIgnoreSpec", path: str) -> str:
    decided = book.check_file(path)
    if not decided.include or decided.index is None:
        return ""
    return f"matches {getattr(book.patterns[decided.index], 'pattern', '')}"


def _by_size(size: int, rules: RuleSettings) -> str:
    limit = rules.max_file_megabytes
    return f"{size / (1 << 20):.1f} MB, the limit is {limit:g}" if 0 < limit * (1 << 20) < size else ""


def _by_content(book: "GitIgnoreSpec", file: Path, path: str) -> str:
    if book.check_file(path).include is False or not os.access(file, os.R_OK):
        return ""
    with file.open("rb") as opened:
        return _A_KEY if _is_key(opened.read(_BEGINNING)) else ""


def _is_key(beginning: bytes) -> bool:
    lines = beginning.splitlines()
    return next((bool(_KEY.match(line)) for line in lines if line and not _BEFORE.match(line)), False)


def _keys(
    git: Git, book: "GitIgnoreSpec", added: Mapping[str, Oid], sizes: Mapping[Oid, int]
) -> Iterator[str]:
    """Yields those of the files that are private keys; reads only files that are small enough to be one."""
    paths: dict[Oid, list[str]] = {}
    for path, blob in added.items():
        if sizes[blob] < _LARGEST_KEY and book.check_file(path).include is not False:
            paths.setdefault(blob, []).append(path)
    blobs = list(paths)
    # An agent may have committed a directory of packages: tens of thousands of files.
    for begin in range(0, len(blobs), _AT_ONCE):
        some_blobs = blobs[begin : begin + _AT_ONCE]
        # Pass ids only: file names may contain anything.
        output = git.run(
            "cat-file", "--batch", input="".join(f"{blob}\n" for blob in some_blobs).encode()
        ).stdout
        at = 0
        for blob in some_blobs:
            at = output.index(b"\n", at) + 1
            if _is_key(output[at : at + min(sizes[blob], _BEGINNING)]):
                yield from paths[blob]
            at += sizes[blob] + 1


def _added(git: Git, since: Oid, head: Oid, base: Oid) -> Iterator[tuple[str, Oid]]:
    """Yields each regular file that a commit added, with its blob, even if a later commit removed it."""
    options = ("--raw", "-z", "--no-renames", "--no-abbrev", "--diff-filter=A", "--format=")
    told = git.text("log", *options, head, "--not", since, base, "--").split("\0")
    for entry, path in zip(told[::2], told[1::2], strict=False):
        _, mode, _, blob, _ = entry.lstrip("\n").split(" ")
        if mode.startswith("100"):
            yield path, blob


def _patterns(rules: RuleSettings) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines([*_NAMES, *rules.hold_back])
    except ValueError as error:
        raise usage_error(
            "bad-rule",
            f"`hold-back` contains an invalid pattern: {error}.",
            "Patterns are written as in .gitignore, for example `secrets/**` or `!tests/**`.",
        ) from error
