"""A small slice of `scripts/soak`, and that it would notice."""

from pathlib import Path

from tests.soak.__main__ import play_all
from tests.soak.drawing.scenario import make_scenario
from tests.soak.judging.tokens import Search

SEEDS = (1, 121, 140, 199, 269, 382)


def test_random_landings_end_with_every_change_in_the_base_exactly_once(tmp_path: Path) -> None:
    outcomes = list(play_all(SEEDS, tmp_path))
    assert [violation for outcome in outcomes for violation in outcome.violations] == []
    assert sum(outcome.faults.total() for outcome in outcomes) > 0
    assert sum(outcome.bytes for outcome in outcomes) > 100_000


def test_a_seed_always_gives_the_same_scenario_and_another_one_another() -> None:
    assert make_scenario(5) == make_scenario(5) != make_scenario(6)


def test_a_token_is_found_in_any_form_that_git_and_http_know(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("extraHeader = Basic eC1hY2Nlc3MtdG9rZW46Z2hwX3NlY3JldA==\n")
    search = Search(["ghp_secret"])
    search.files(tmp_path)
    search.data(b"https://x-access-token:ghp_secret@github.com", "a URL")
    assert search.found == [str(tmp_path / "config"), "a URL"]
