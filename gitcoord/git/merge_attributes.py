"""Sets attributes by which git merges paths with `union` (the lines of both sides), or not at all.

They are in a file of gitcoord in the git directory, which the environment names, so the working tree is not
changed. The repository's own `.gitattributes` take precedence.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git

_FILE = "attributes"


def attributes_environment(
    git: Git, common_dir: Path, added: Mapping[str, str], union: Sequence[str], unmerged: Sequence[str] = ()
) -> dict[str, str]:
    """Returns the environment `added` with union merges for paths that match `union`, as in .gitignore.

    Paths that match `unmerged` are not merged: git keeps the first side's file and reports a conflict.
    Writes the attributes to the git directory; raises `cannot-write`.
    """
    theirs = git.probe("config", "--type=path", "--get", "core.attributesFile")
    known = Path(theirs) if theirs else _usual_place()
    lines = [line for pattern in union for line in attribute_lines(pattern)]
    lines += [line for pattern in unmerged for line in attribute_lines(pattern, "-merge")]
    content = b"\n".join([_content(known), *(os.fsencode(line) for line in lines), b""])
    file = common_dir / "gitcoord" / _FILE
    if _content(file) != content:
        _put(file, content)
    count = added.get("GIT_CONFIG_COUNT") or os.environ.get("GIT_CONFIG_COUNT", "")
    number = int(count) if count.isdigit() else 0
    return {
        **added,
        "GIT_CONFIG_COUNT": str(number + 1),
        f"GIT_CONFIG_KEY_{number}": "core.attributesFile",
        f"GIT_CONFIG_VALUE_{number}": str(file),
    }


def attribute_lines(pattern: str, value: str = "merge=union") -> Iterator[str]:
    """Yields the attribute lines that set `value` for the paths that a `.gitignore` pattern matches."""
    value = "!merge" if pattern.startswith("!") else value
    name = pattern.removeprefix("!")
    inside = name.rstrip("/")
    if not name.endswith("/"):
        yield f"{_quoted(name)} {value}"
    # Attributes do not apply to directories: match the paths below them.
    yield f"{_quoted(f'{inside}/**' if '/' in inside else f'**/{inside}/**')} {value}"


def _put(file: Path, content: bytes) -> None:
    draft = file.with_name(f"{_FILE}.{os.getpid()}")
    try:
        file.parent.mkdir(exist_ok=True)
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as error:
        raise GitcoordError(
            "cannot-write",
            f"The rules `union` and `regenerate` need {file}, which cannot be written: {error.strerror}.",
            hint="Make the git directory writable, or remove these rules from the settings.",
        ) from error


def _usual_place() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home, "git", "attributes")


def _content(file: Path) -> bytes:
    with contextlib.suppress(OSError):
        return file.read_bytes()
    return b""


def _quoted(pattern: str) -> str:
    if re.search(r'[\s"\x00-\x1f]', pattern) is None and not pattern.startswith(("#", "[attr]")):
        return pattern
    escaped = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f]", lambda char: f"\\{ord(char[0]):03o}", escaped) + '"'
