"""Which paths only one task at a time may touch, without any pattern that says so."""

import pytest

from gitcoord.conflicts.changes import Changes
from gitcoord.conflicts.exclusive_paths import places_of, shared_paths
from gitcoord.conflicts.rules import Rulebook
from gitcoord.settings import RuleSettings


def added(*paths: str) -> Changes:
    return Changes(paths=frozenset(paths), present=frozenset(paths), added=frozenset(paths))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("db/0021_a.sql", "db/0021_b.py", True),
        ("db/0021_a.sql", "db/21-b.sql", True),
        ("db/0021_2fa.sql", "db/0021_other.sql", True),
        ("V21__a.sql", "v21__b.sql", True),
        ("V2_1__a.sql", "V2_2__b.sql", False),
        ("V2.1__a.sql", "V2_1__b.sql", True),
        ("db/0021_a.sql", "db/0022_b.sql", False),
        ("db/0021_a.sql", "other/0021_b.sql", False),
        ("V21__a.sql", "U21__a.sql", False),
        ("_posts/2024-01-05-a.md", "_posts/2024-01-05-b.md", False),
        ("2024_01_05_a.php", "2024_01_05_b.php", False),
        ("20240105_a.md", "20240105_b.md", False),
        ("20240105120000_a.rb", "20240105120000_b.rb", True),
        ("changes/12.fix.md", "changes/12.feature.md", False),
        ("1.txt", "1.md", False),
    ],
)
def test_new_files_of_one_number_in_one_directory_are_kept_apart(one: str, other: str, apart: bool) -> None:
    book = Rulebook()
    found = shared_paths(places_of(book, added(one)), places_of(book, added(other)))
    assert found == (tuple(sorted((one, other))) if apart else ())


def test_the_very_same_files_changed_ones_and_those_with_a_rule_are_left_alone() -> None:
    book, same = Rulebook(), added("db/0021_a.sql")
    assert shared_paths(places_of(book, same), places_of(book, same)) == ()
    changed = Changes(paths=same.paths, present=same.present)
    assert places_of(book, changed) == {}
    calm = Rulebook(RuleSettings(ignore=("db/",)))
    assert places_of(calm, same) == {}
    assert places_of(Rulebook(RuleSettings(same_number="allow")), same) == {}
