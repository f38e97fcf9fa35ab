"""Broken refs, of the remote or of this repository, are named where they are."""

from pathlib import Path

import pytest

from gitcoord.errors import GitcoordError
from tests.git.world import shared_of
from tests.support.repos import Repo


def test_a_branch_of_the_remote_that_points_to_nothing_is_named(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    (remote.path / "refs/heads/other").write_text("")
    with pytest.raises(GitcoordError, match=r"broken ref refs/heads/other") as failure:
        shared_of(work).refresh()
    assert failure.value.code == "broken-ref"


def test_a_broken_ref_of_this_repository_is_not_blamed_on_the_remote(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    (work.path / ".git/refs/heads/other").write_text("1" * 40 + "\n")
    with pytest.raises(GitcoordError, match=r"refs/heads/other in this repository points to") as failure:
        shared_of(work).refresh()
    assert failure.value.code == "broken-ref"
