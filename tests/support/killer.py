"""A `git` on PATH that kills its caller around the nth write, or keeps what a kill after each would leave."""

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


_KEEPING = """#!/bin/sh
# Keeps a copy of the world after each write, while the caller waits for it.
case " $* " in
{writes})
  "{git}" "$@"
  ended=$?
  count=$(( $(cat "{directory}/count" 2>/dev/null || echo 0) + 1 ))
  echo "$count" > "{directory}/count"
  cp -a "{world}" "{directory}/after-$count"
  exit $ended;;
esac
exec "{git}" "$@"
"""


def keeping_git(directory: Path, world: Path, write: str = "push") -> dict[str, str]:
    """The environment in which each `git WRITE` is followed by a copy of `world` to `directory/after-N`.

    That is what a caller leaves that is killed then: nothing of gitcoord is on disk that it would take along.
    """
    return _on_path(directory, write, _KEEPING, world=world)


def deadly_git(
    directory: Path, nth: int, when: Literal["before", "after"], write: str = "push"
) -> dict[str, str]:
    """The environment in which the nth `git WRITE` is deadly; `nth` 0 only counts, in `directory/count`.

    `write` may name several of git's commands, with spaces between them.
    """
    return _on_path(directory, write, _SCRIPT, nth=nth, when=when)


def _on_path(directory: Path, write: str, text: str, **values: object) -> dict[str, str]:
    git = shutil.which("git")
    assert git
    directory.mkdir(parents=True)
    script = directory / "git"
    writes = "|".join(f'*" {one} "*' for one in write.split())
    script.write_text(text.format(directory=directory, git=git, writes=writes, **values))
    script.chmod(0o755)
    return {"PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"}


def writes(directory: Path) -> int:
    """How many writes there were."""
    count = directory / "count"
    return int(count.read_text()) if count.exists() else 0
