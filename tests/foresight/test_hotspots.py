"""Which files `hotspots` names, which rule it suggests for each, and which conflicts it counts as removed."""

from collections.abc import Sequence

import pytest

from gitcoord.foresight.hot_files import EditCount
from gitcoord.foresight.hotspots import HotspotReport, conflicting_paths, find_hotspots
from gitcoord.foresight.past_conflicts import PastPair


def pair(*paths: str, structural: Sequence[str] = ()) -> PastPair:
    found = frozenset(paths)
    return PastPair(shared=found, conflict=bool(paths), paths=found, structural=frozenset(structural))


def report(*pairs: PastPair, inserting: int = 0, programs: Sequence[str] = ()) -> HotspotReport:
    edits = {path: EditCount(inserting, 10) for path in conflicting_paths(pairs)}
    return find_hotspots(40, 780, pairs, edits, lambda name: name in programs)


@pytest.mark.parametrize(
    ("path", "kind", "remedy"),
    [
        ("CHANGELOG.md", "append", "union"),
        ("ChangeLog", "append", "union"),  # no ending, not in capitals
        ("docs/change-log.markdown", "append", "union"),
        ("CHANGES-5.0.rst", "append", "union"),
        ("doc/whatsnew.adoc", "append", "union"),
        ("src/history.py", "hub", "split"),  # code, whatever it is called
        ("scripts/release.sh", "hub", "split"),
        ("changelog.json", "hub", "split"),  # not valid after a union
    ],
)
def test_a_changelog_is_known_by_its_name(path: str, kind: str, remedy: str) -> None:
    (spot,) = report(pair(path), pair(path)).hotspots
    assert (spot.kind, spot.remedy) == (kind, remedy)


def test_only_texts_that_grow_get_a_union() -> None:
    for path, remedy in (("docs/rules.md", "union"), ("src/mod.rs", "split")):
        (spot,) = report(pair(path), pair(path), inserting=9).hotspots
        assert (spot.kind, spot.remedy) == ("append", remedy)
    (spot,) = report(pair("docs/rules.md"), pair("docs/rules.md"), inserting=5).hotspots
    assert (spot.kind, spot.remedy) == ("hub", "split")


def test_one_conflict_is_enough_where_a_merge_rule_helps() -> None:
    found = report(pair("CHANGELOG.md"), pair("uv.lock"), pair("yarn.lock"), pair("app.py"), programs=["uv"])
    assert {spot.path: spot.remedy for spot in found.hotspots} == {
        "CHANGELOG.md": "union",
        "uv.lock": "regenerate",
    }
    assert (found.removed, found.conflicts) == (2, 4)


def test_a_pair_is_removed_if_rules_cover_all_of_its_files() -> None:
    found = report(pair("CHANGELOG.md"), pair("CHANGELOG.md", "uv.lock"), pair("CHANGELOG.md", "app.py"))
    assert found.removed == 1  # uv is not installed, and one conflict is too little for `exclusive`
    found = report(pair("CHANGELOG.md"), pair("CHANGELOG.md", "uv.lock"), pair("uv.lock", "app.py"))
    assert found.removed == 2


def test_no_merge_rule_removes_a_conflict_with_a_deleted_file() -> None:
    deleted = pair("CHANGELOG.md", structural=["CHANGELOG.md"])
    assert report(pair("CHANGELOG.md"), deleted).removed == 1
    # `exclusive` keeps the two apart in time, whatever they do.
    gone = pair("yarn.lock", structural=["yarn.lock"])
    assert report(gone, gone).removed == 2
