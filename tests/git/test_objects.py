"""Objects read in-process say what the git program says."""

from pathlib import Path

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.git.objects import Objects
from tests.support.repos import Repo


def test_questions_about_commits_are_answered_as_git_answers_them(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo", bare=True)
    root = repo.commit({"a": "a"})
    topic = repo.commit({"b": "b"}, "on topic", branch="topic")
    main = repo.commit({"c": "c"})
    merge = repo.commit({"b": "b"}, "merge", merge=["topic"])
    objects = Objects(repo.path)
    assert objects.tree(merge) == repo.tree("main")
    assert objects.parents(merge) == (main, topic)
    assert [objects.ancestor(merge, count) for count in range(4)] == [merge, main, root, None]
    assert list(objects.first_parents(merge)) == [merge, main, root]
    assert list(objects.first_parents(merge, stop=root)) == [merge, main]


def test_what_is_no_commit_is_refused_by_name(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo", bare=True)
    repo.commit({"a": "a"})
    objects = Objects(repo.path)
    for oid in ("1" * 40, repo.git("rev-parse", "main:a")):
        with pytest.raises(GitcoordError, match=f"{oid} is not a commit"):
            objects.tree(oid)
    with pytest.raises(GitcoordError, match="cannot be opened"):
        Objects(tmp_path / "nowhere")
