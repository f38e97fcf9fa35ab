"""A small slice of `scripts/soak`, and that it would notice."""

from itertools import islice
from pathlib import Path

import pytest
import requests

from tests.soak.__main__ import play_all
from tests.soak.drawing.adopted import make_adopted_scenario
from tests.soak.drawing.scenario import make_scenario
from tests.soak.judging.tokens import Search
from tests.soak.judging.transcript import Transcript
from tests.soak.mutants.faults import MUTANTS, Mutant
from tests.soak.mutants.planting import Body, NotPlanted, Replace, make_copy
from tests.soak.mutants.run import seeds_for
from tests.support.github.emulator import GitHubEmulator

SEEDS = (9, 21, 36)
ADOPTED = 80007


def test_random_landings_end_with_every_change_in_the_base_exactly_once(tmp_path: Path) -> None:
    outcomes = list(play_all(SEEDS, tmp_path))
    assert [violation for outcome in outcomes for violation in outcome.violations] == []
    assert sum(outcome.counts.faults.total() for outcome in outcomes) > 0
    assert sum(outcome.bytes for outcome in outcomes) > 100_000


def test_a_random_landing_of_adopted_pull_requests_ends_as_it_has_to(tmp_path: Path) -> None:
    (outcome,) = play_all([ADOPTED], tmp_path, adopted=True)
    assert outcome.violations == []
    assert outcome.counts.endings["exit 0"] > 0


def test_a_seed_always_gives_the_same_scenario_and_another_one_another() -> None:
    assert make_scenario(5) == make_scenario(5) != make_scenario(6)
    assert make_adopted_scenario(5) == make_adopted_scenario(5) != make_adopted_scenario(6)


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


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_is_planted_and_has_scenarios_to_be_noticed_in(mutant: Mutant, tmp_path: Path) -> None:
    make_copy(tmp_path / "copy", mutant.faults)
    assert len(list(islice(seeds_for(mutant), 3))) == 3


def test_a_mutant_that_no_longer_fits_the_code_is_not_planted() -> None:
    with pytest.raises(NotPlanted, match="0 times"):
        Replace("x.py", "gone", "new").plant("here")
    with pytest.raises(NotPlanted, match=r"no function A\.f"):
        Body("x.py", "A.f", "pass").plant("class A:\n    x = 1\n")
    planted = Body("x.py", "A.f", "return 2").plant("class A:\n    def f(self):\n        return 1\n")
    assert planted == "class A:\n    def f(self):\n        return 2\n"
