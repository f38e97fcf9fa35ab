"""A small slice of `scripts/soak`, and that it would notice."""

from pathlib import Path

import requests

from tests.soak.__main__ import play_all
from tests.soak.drawing.scenario import make_scenario
from tests.soak.judging.tokens import Search
from tests.soak.judging.transcript import Transcript
from tests.support.github.emulator import GitHubEmulator

SEEDS = (121, 140, 199, 223, 511)


def test_random_landings_end_with_every_change_in_the_base_exactly_once(tmp_path: Path) -> None:
    outcomes = list(play_all(SEEDS, tmp_path))
    assert [violation for outcome in outcomes for violation in outcome.violations] == []
    assert sum(outcome.counts.faults.total() for outcome in outcomes) > 0
    assert sum(outcome.bytes for outcome in outcomes) > 100_000


def test_a_seed_always_gives_the_same_scenario_and_another_one_another() -> None:
    assert make_scenario(5) == make_scenario(5) != make_scenario(6)


def test_what_happened_is_written_down_in_order_and_without_secrets(tmp_path: Path) -> None:
    with GitHubEmulator(tmp_path) as hub:
        app = hub.make_repository("acme/app")
        told, secret = Transcript(), hub.make_token().text
        requests.get(app.api_url, headers={"Authorization": f"Bearer {secret}"}, timeout=30)
        told.ended("first", ["merge-level"], 3, b"{}", b"asked with " + secret.encode())
        told.requests(hub.log)
        told.write(tmp_path / "told.txt", app, ["it went wrong"], [secret])
    text = (tmp_path / "told.txt").read_text()
    said = ["it went wrong", "GET /repos/acme/app -> 200", "ended with 3", "asked with [secret]", "HISTORY"]
    places = [text.find(words) for words in said]
    assert -1 not in places
    assert places == sorted(places)
    assert secret not in text


def test_a_token_is_found_in_any_form_that_git_and_http_know(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("extraHeader = Basic eC1hY2Nlc3MtdG9rZW46Z2hwX3NlY3JldA==\n")
    search = Search(["ghp_secret"])
    search.files(tmp_path)
    search.data(b"https://x-access-token:ghp_secret@github.com", "a URL")
    assert search.found == [str(tmp_path / "config"), "a URL"]
