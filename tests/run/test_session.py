"""The first and the last steps of a run."""

from pathlib import Path
from typing import get_args

import pytest

from gitcoord.cli.views.notices import notice_sentence
from gitcoord.errors import GitcoordError
from gitcoord.notices import AnyNotice, ClosingStep, RunEndTroubled
from gitcoord.run.session import _locked, _troubles_told


@pytest.mark.parametrize("step", get_args(ClosingStep))
def test_an_error_of_a_closing_step_is_told_and_the_run_counts_all_the_same(step: ClosingStep) -> None:
    told: list[AnyNotice] = []

    def fail() -> None:
        raise GitcoordError("unreachable", "The remote origin does not answer.")

    with _troubles_told(told.append, step):
        fail()
    assert told == [RunEndTroubled(step=step, message="The remote origin does not answer.")]
    assert notice_sentence(told[0]).endswith(": The remote origin does not answer.")


def test_a_second_run_of_a_clone_is_refused(tmp_path: Path) -> None:
    with _locked(tmp_path / "run"):
        with pytest.raises(GitcoordError, match="is running in") as refused, _locked(tmp_path / "run"):
            pass
        assert refused.value.code == "already-running"
    with _locked(tmp_path / "run"):
        pass
