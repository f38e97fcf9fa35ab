"""Loose objects that fetches leave: git packs them now and then."""

from pathlib import Path

import pytest

from gitcoord.git import ref_cache
from tests.git.world import shared_of
from tests.support.repos import Repo


@pytest.mark.parametrize("wanted", [True, False])
def test_who_fetches_again_and_again_packs_loose_objects_unless_the_user_wants_none_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    monkeypatch.setattr(ref_cache, "_PACK_EVERY", 2)
    monkeypatch.setattr(ref_cache, "_MOST_LOOSE", 30)
    _, work = Repo.pair(tmp_path)
    work.git("config", "maintenance.auto", str(wanted).lower())
    for number in range(40):
        (work.path / f"{number}.txt").write_text(f"{number}\n")
    made = work.git("hash-object", "-w", *(f"{number}.txt" for number in range(40))).split()
    shared = shared_of(work)
    shared.refresh()  # the second fetch: one pack is made of them
    shared.refresh()
    shared.refresh()  # the fourth one: their files are deleted
    assert (int(work.git("count-objects").split()[0]) < 30) == wanted
    assert work.git("cat-file", "blob", made[-1]) == "39"
