"""Objects read in-process say what the git program says, or leave the answer to it."""

from pathlib import Path

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git
from gitcoord.git.object_reader import Objects
from tests.support.repos import Repo


@pytest.mark.parametrize("format", ["sha1", "sha256"])
def test_a_commits_tree_is_the_one_that_git_knows(tmp_path: Path, format: str) -> None:
    repo = Repo(tmp_path)
    repo.git("init", "--quiet", "--bare", f"--object-format={format}", "--initial-branch=main")
    commit = repo.commit({"a": "a", "b/c": "c"})
    objects = Objects(Git(repo.path), repo.path)
    assert objects.tree(commit) == repo.tree("main")
    for oid in ("1" * len(commit), repo.git("rev-parse", "main:a")):
        with pytest.raises(GitcoordError, match=oid):
            objects.tree(oid)


def test_in_a_partial_clone_which_libgit2_refuses_git_is_asked(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path, bare=True)
    commit = repo.commit({"a": "a"})
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", "extensions.partialClone", "origin")
    assert Objects(Git(repo.path), repo.path).tree(commit) == repo.tree("main")
