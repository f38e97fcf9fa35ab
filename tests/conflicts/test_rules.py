"""Rules for paths: which one holds, who says so, and what they do to pairs."""

from pathlib import Path
from typing import get_args

import pytest

from gitcoord.conflicts.rules import PRESETS, Rulebook
from gitcoord.errors import GitcoordError
from gitcoord.settings import Preset, RuleSettings
from gitcoord.settings_file import load_settings


def test_a_path_has_the_first_rule_that_names_it_with_the_pattern_that_does() -> None:
    book = Rulebook(RuleSettings(hub=("*.toml",), exclusive=("db/migrations/",), ignore=("*.md", "!API.md")))
    found = {
        path: book.decide(path) for path in ("a/x.toml", "db/migrations/1.sql", "B.md", "API.md", "a.rs")
    }
    assert {path: one and (one.rule, one.pattern, one.source) for path, one in found.items()} == {
        "a/x.toml": ("hub", "*.toml", "settings"),
        "db/migrations/1.sql": ("exclusive", "db/migrations/", "settings"),
        "B.md": ("ignore", "*.md", "settings"),
        "API.md": None,
        "a.rs": None,
    }


def test_own_patterns_come_before_those_of_presets() -> None:
    book = Rulebook(RuleSettings(preset=("rust", "common"), hub=("Cargo.lock",)))
    decided = book.decisions(("Cargo.lock", "Cargo.toml", "src/x.orig"))
    assert [(one.rule, one.source) for one in decided] == [
        ("hub", "settings"),
        ("hub", "preset rust"),
        ("scratch", "preset common"),
    ]


def test_an_exclamation_mark_takes_a_path_out_of_a_rule_of_a_preset() -> None:
    book = Rulebook(RuleSettings(preset=("php",), scratch=("!vendor/patches/",)))
    assert book.by("scratch", ("vendor/lib.php", "vendor/patches/a.php")) == ("vendor/lib.php",)


def test_ignore_patterns_of_options_follow_those_of_the_settings() -> None:
    book = Rulebook(RuleSettings(ignore=("*.rs",)), ignore=("!main.rs",))
    assert book.by("ignore", ("lib.rs", "src/main.rs")) == ("lib.rs",)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_can_be_read(name: Preset) -> None:
    assert Rulebook(RuleSettings(preset=(name,))).decide("src/plain") is None


def test_names_that_are_not_utf8_can_be_asked_about() -> None:
    assert Rulebook(RuleSettings(scratch=("*.rej",))).by("scratch", ("\udcff.rej", "\udcff")) == (
        "\udcff.rej",
    )


def test_the_settings_know_every_preset_by_name() -> None:
    assert set(PRESETS) == set(get_args(Preset))


def test_a_pattern_that_cannot_be_read_is_named() -> None:
    with pytest.raises(GitcoordError, match=r"'!' is not a pattern for paths \(hub\)"):
        Rulebook(RuleSettings(hub=("!",)))


def test_the_rules_are_read_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "gitcoord.toml").write_text('[rules]\npreset = ["rust"]\non-scratch = "allow"\nhub = ["a"]\n')
    assert load_settings(tmp_path).rules == RuleSettings(preset=("rust",), on_scratch="allow", hub=("a",))


def test_an_unknown_rule_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gitcoord.toml").write_text('[rules]\nhubs = ["a"]\n')
    with pytest.raises(GitcoordError, match="hubs"):
        load_settings(tmp_path)


def test_what_is_exclusive_is_what_one_pattern_names_in_one_place() -> None:
    patterns = ("db/", "**/migrations/*.py", "poetry.lock", "sql/**/*.up", "/only")
    book = Rulebook(RuleSettings(exclusive=patterns))

    def together(one: str, other: str) -> bool:
        place = book.exclusive_place(one)
        return place is not None and place == book.exclusive_place(other)

    assert together("db/2024/a.sql", "db/2025/b.sql")
    assert together("app/migrations/1.py", "app/migrations/2.py")
    assert together("sql/a/1.up", "sql/b/c/2.up")
    assert not together("db/a.sql", "old/db/a.sql")
    assert not together("app/migrations/1.py", "blog/migrations/1.py")
    assert not together("poetry.lock", "part/poetry.lock")
    assert not together("only", "db/x")
    assert not together("a", "b")
