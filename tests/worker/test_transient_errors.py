"""What is in the way: what passes by itself, what may be a hiccup, and what somebody has to mend."""

from functools import partial
from typing import get_args

import pytest

from gitcoord.errors import GitcoordError, Passing
from gitcoord.notices import AnyNotice, RunHindered, RunUnhindered
from gitcoord.run.run_errors import RunErrors
from gitcoord.worker.transient_errors import lasts, may_pass, passes, try_for


def trouble(passing: Passing) -> GitcoordError:
    return GitcoordError("unreachable", f"It {passing}.", hint="Look.", passing=passing)


def test_an_error_says_itself_whether_it_passes() -> None:
    kinds = {passing: (passes(trouble(passing)), may_pass(trouble(passing))) for passing in get_args(Passing)}
    assert kinds == {
        "passes": (True, True),
        "briefly": (True, True),
        "perhaps": (False, True),
        "unknown": (False, False),
        "never": (False, False),
    }
    assert passes(GitcoordError("state-busy", "The record of task 1 kept changing."))
    assert not may_pass(GitcoordError("git-failed", "Connection timed out, try again: HTTP 503."))


def test_when_somebody_has_to_act() -> None:
    looks = {passing: [lasts(trouble(passing), n, 59) for n in (1, 2, 3, 9)] for passing in get_args(Passing)}
    assert looks == {
        "passes": [False] * 4,
        "briefly": [False] * 4,
        "perhaps": [False, False, True, True],
        "unknown": [False, False, True, True],
        "never": [True] * 4,
    }
    assert lasts(trouble("briefly"), 1, 61)


def test_a_hiccup_is_looked_at_again_and_a_refusal_three_times() -> None:
    looks = []

    def refused(passing: Passing, most: int) -> str:
        looks.append(passing)
        if looks.count(passing) <= most:
            raise trouble(passing)
        return "done"

    assert try_for(0, lambda: refused("perhaps", 2), first=0) == "done"
    for passing in get_args(Passing)[2:]:
        looks.clear()
        with pytest.raises(GitcoordError):
            try_for(0, partial(refused, passing, 9), first=0)
        assert len(looks) == {"perhaps": 3, "unknown": 1, "never": 1}[passing]


def test_a_run_gives_up_after_three_refusals_in_a_row_and_never_what_passes() -> None:
    said: list[AnyNotice] = []
    errors = RunErrors(said.append)

    def fail(passing: Passing) -> None:
        def act() -> None:
            raise trouble(passing)

        assert errors.try_to("fetching", act) is None

    fail("perhaps")
    fail("passes")
    fail("perhaps")
    fail("perhaps")
    errors.give_up()
    assert errors.failed("fetching")
    assert not errors.due("fetching")
    fail("perhaps")
    told = [(one.hint, one.lasting) for one in said if isinstance(one, RunHindered)]
    assert told == [("Look.", False), ("Look.", True)]
    with pytest.raises(GitcoordError) as given_up:
        errors.give_up()
    assert given_up.value.hint.startswith("Look. Everything that was done is kept")
    assert errors.try_to("fetching", lambda: 1) == 1
    assert said[-1] == RunUnhindered(activity="fetching")
    errors.give_up()
