"""Copies of a project that was made once: planning and landing cost a second, copying a few milliseconds."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import Project
from tests.support.repos import Repo

_made: dict[str, Project] = {}


def copy_of(
    name: str, make: Callable[[Path], Project], place: Path, factory: pytest.TempPathFactory
) -> Project:
    """A copy at `place` of the project `name`, which `make` makes the first time that it is asked for.

    Call it from a fixture of one test, so that the project is made in the hermetic environment.
    """
    if name not in _made:
        _made[name] = make(factory.mktemp("template"))
    template = _made[name].remote.path.parent
    shutil.copytree(template, place, symlinks=True, dirs_exist_ok=True)
    remote = Repo(place / "origin.git")
    for clone in place.iterdir():
        if (clone / ".git").is_dir():
            Repo(clone).git("remote", "set-url", "origin", remote.path.as_uri())
    return Project(remote, Repo(place / "desk"), _made[name].env)
