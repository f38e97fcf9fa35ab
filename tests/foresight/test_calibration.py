"""Calibration: the constants follow what a repository's own past shows, as far as there is evidence."""

import random
from pathlib import Path

import msgspec
import pytest

from gitcoord.cli.main import main
from gitcoord.foresight.calibration import PairSample, calibrate, moved, solved
from gitcoord.foresight.constants import LogisticModel, PairModels, probability, shipped_constants
from gitcoord.foresight.own_constants import OwnConstants, load_constants, save_constants
from tests.foresight.synthetic import make_history

MODEL = LogisticModel(-4.0, {"one": 1.0, "two": -0.5})


def drawn(model: LogisticModel, count: int, seed: int = 1) -> list[PairSample]:
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        features = (dice.gauss(1, 2), dice.gauss(-3, 0.5))
        real = dice.random() < probability(model.log_odds(features))
        found.append(PairSample(features, real, real))
    return found


def test_the_base_rate_moves_first_and_little_evidence_moves_little() -> None:
    truth = LogisticModel(-1.0, {"one": 1.0, "two": -0.5})  # conflicts several times as often
    many = moved(MODEL, drawn(truth, 3000), lambda sample: sample.conflict)
    few = moved(MODEL, drawn(truth, 20), lambda sample: sample.conflict)
    assert many.intercept == pytest.approx(truth.intercept, abs=0.4)
    assert many.weights == pytest.approx(truth.weights, abs=0.15)
    assert few.weights == pytest.approx(MODEL.weights, abs=0.15)
    same = drawn(MODEL, 3000)
    kept = moved(MODEL, same, lambda sample: sample.conflict)
    assert kept.intercept == pytest.approx(MODEL.intercept, abs=0.4)


def test_constants_that_are_no_better_on_what_they_have_not_seen_are_not_taken() -> None:
    truth = LogisticModel(-1.0, {"one": 1.0, "two": -0.5})
    models = PairModels(conflict=MODEL, share=MODEL)
    better = calibrate(models, drawn(truth, 2000))
    assert better.better
    assert better.after.calibration_error < better.before.calibration_error / 2
    # The past was another one than the newest quarter.
    turned = calibrate(models, [*drawn(truth, 900), *drawn(MODEL, 300)])
    assert not turned.better


def test_equations_are_solved() -> None:
    assert solved([[4.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]], [6.0, 10.0, 8.0]) == pytest.approx(
        [1.0, 2.0, 3.0]
    )


def test_own_constants_are_used_and_unreadable_ones_are_not(tmp_path: Path) -> None:
    shipped = shipped_constants()
    assert load_constants(tmp_path) == shipped
    other = msgspec.structs.replace(shipped.pairs.conflict, intercept=9.0)
    own = OwnConstants(changes=400, pairs=msgspec.structs.replace(shipped.pairs, conflict=other))
    path = save_constants(tmp_path, own)
    assert load_constants(tmp_path).pairs.conflict.intercept == 9.0
    assert load_constants(tmp_path).files == shipped.files
    written = path.read_bytes()
    for wrong in (b"{", b"[]", written.replace(b"rarest_word", b"other_word")):
        path.write_bytes(wrong)
        assert load_constants(tmp_path) == shipped


def test_the_command_replays_the_past_and_keeps_what_is_better(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = make_history(tmp_path / "origin.git", changes=125)
    work = remote.clone(tmp_path / "work")
    monkeypatch.chdir(work.path)
    constants = work.path / ".git" / "gitcoord" / "foresight-constants.json"
    assert main(["predict", "--calibrate", "--changes", "100", "--json"]) == 0
    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["changes"], told["pairs"]) == (100, 5 * 190)
    assert 0 < told["conflicts"] < told["pairs"] / 4
    assert constants.exists() == told["saved"] == told["better"]
    assert main(["predict", "--calibrate", "1"]) == 2
    work.git("checkout", "--quiet", "-b", "short", "main~60")
    work.git("push", "--quiet", "origin", "short")
    assert main(["predict", "--calibrate", "--base", "short"]) == 2
    assert "120 are needed" in capsys.readouterr().err
