"""Commits that no ref names, while git packs the repository's objects."""

import time
from pathlib import Path
from typing import Any

from gitcoord.git.git_cli import Git
from gitcoord.git.git_result import GitResult
from gitcoord.git.new_commits import _objects_since, unnamed_commits
from tests.support.repos import Repo

REPACK = ("repack", "-a", "-d", "--quiet")


def test_git_packs_objects_while_their_directories_are_listed(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    made = [work.commit({f"{number}.txt": f"{number}"}) for number in range(20)]
    loose = list((work.path / ".git/objects").glob("[0-9a-f][0-9a-f]/*"))
    objects = _objects_since(Git(work.path), work.path / ".git/objects", 0)
    first = next(objects)
    work.git(*REPACK)
    work.git("prune-packed")
    assert loose
    assert not any(file.exists() for file in loose)
    assert {first, *objects} >= set(made)


class _Repacking(Git):
    """Git, which another process lets replace all packs as soon as the first one has been read."""

    packed = False

    def run(self, *arguments: str, **options: Any) -> GitResult:
        result = super().run(*arguments, **options)
        if arguments[0] == "show-index" and not self.packed:
            self.packed = True
            super().run(*REPACK, "--keep-unreachable")
        return result


def test_git_replaces_the_packs_while_they_are_read(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    moment = time.time()
    made = []
    for name in ("one", "two"):
        made.append(work.commit({name: name}, branch=name))
        work.git("repack", "-d", "--quiet")
    work.git("branch", "-D", "one", "two")
    git = _Repacking(work.path)
    assert len(list((work.path / ".git/objects/pack").glob("*.idx"))) > 1
    assert set(unnamed_commits(git, work.path / ".git", moment, after=work.tip("main"))) == set(made)
    assert git.packed
