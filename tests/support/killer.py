"""A `git` on PATH that kills its caller before or after the nth write: for tests of crashes at any moment."""

import os
import shutil
from pathlib import Path
from typing import Literal

_SCRIPT = """#!/bin/sh
# Counts the writes; the caller is killed around the chosen one.
case " $* " in
{writes})
  count=$(( $(cat "{directory}/count" 2>/dev/null || echo 0) + 1 ))
  echo "$count" > "{directory}/count"
  if [ "$count" = "{nth}" ] && [ "{when}" = before ]; then kill -9 $PPID; exit 1; fi
  "{git}" "$@"
  ended=$?
  if [ "$count" = "{nth}" ]; then kill -9 $PPID; fi
  exit $ended;;
esac
exec "{git}" "$@"
"""


def deadly_git(
    directory: Path, nth: int, when: Literal["before", "after"], write: str = "push"
) -> dict[str, str]:
    """The environment in which the nth `git WRITE` is deadly; `nth` 0 only counts, in `directory/count`.

    `write` may name several of git's commands, with spaces between them.
    """
    git = shutil.which("git")
    assert git
    directory.mkdir(parents=True)
    script = directory / "git"
    writes = "|".join(f'*" {one} "*' for one in write.split())
    script.write_text(_SCRIPT.format(directory=directory, nth=nth, when=when, git=git, writes=writes))
    script.chmod(0o755)
    return {"PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"}


def writes(directory: Path) -> int:
    """How many writes there were."""
    count = directory / "count"
    return int(count.read_text()) if count.exists() else 0
