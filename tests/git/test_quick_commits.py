"""The commits of test repositories are those that `git fast-import` makes."""

from pathlib import Path

import pytest

from tests.support import repos
from tests.support.repos import Content, Repo, executable, submodule, symlink

SERIES: tuple[dict[str, Content], ...] = (
    {"a": "1", "b/c": "2", "b/d/e": "3", "b.txt": "4", "b-": "5"},
    {"a": None, "b/c": executable("2"), "link": symlink("b/c")},
    {"b": "a file in a directory's place"},
    {"b": None, "b/again": "1"},
    {"b.txt/inside": "a directory in a file's place", "none": None, "b/none/at/all": None},
    {"b/again": None, "b.txt/inside": None, "b-": None, "link": None},
    {'é\udcff "x"\n': b"\xff\0", "sub": submodule("1" * 40)},
    {'é\udcff "x"\n': None, "sub": None},
    {},
)


@pytest.mark.parametrize("bare", [True, False])
def test_quick_commits_are_those_of_fast_import(
    tmp_path: Path, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, slow = (Repo.create(tmp_path / name, bare=bare) for name in ("quick", "slow"))
    for number, changes in enumerate(SERIES):
        with monkeypatch.context() as patch:
            made = quick.commit(changes, f"change {number}\n\nÄ\n")
            made_aside = quick.commit({"x": "y"}, branch=f"side/{number}", at="main", merge=["main"])
            alone = quick.commit({"x": "y"}, branch=f"alone-{number}", orphan=True)
            patch.setattr(repos, "_FEW", -1)
            assert slow.commit(changes, f"change {number}\n\nÄ\n") == made, changes
            assert slow.commit({"x": "y"}, branch=f"side/{number}", at="main", merge=["main"]) == made_aside
            assert slow.commit({"x": "y"}, branch=f"alone-{number}", orphan=True) == alone
    assert quick.refs() == slow.refs()
    assert quick.git("fsck", "--strict", ok=(0, 2, 4)) == slow.git("fsck", "--strict", ok=(0, 2, 4))
    if not bare:
        assert quick.git("status", "--porcelain") == slow.git("status", "--porcelain")
        logs = [repo.git("log", "-g", "--format=%H", "HEAD") for repo in (quick, slow)]
        assert logs[0] == logs[1]
