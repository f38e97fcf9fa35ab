"""What is in the way: what passes by itself, what may be a hiccup, and what somebody has to mend."""

from functools import partial

import pytest

from gitcoord.error_codes import ErrorCode
from gitcoord.errors import GitcoordError
from gitcoord.git.run import Result
from gitcoord.notices import AnyNotice, RunHindered, RunUnhindered
from gitcoord.running.coordinator.patience import Patience
from gitcoord.running.troubles import lasts, may_pass, passes, try_for

ACCESS = "fatal: unable to access 'https://github.com/a/b/': "
REJECTED = "The remote origin refused to move x: ! [remote rejected] x -> x "


def test_what_git_says_tells_what_passes_and_what_does_not() -> None:
    told: dict[tuple[ErrorCode, str], str] = {
        ("unreachable", f"{ACCESS}The requested URL returned error: 503"): "passes",
        ("unreachable", f"{ACCESS}Failed to connect to github.com port 443"): "passes",
        ("unreachable", "fatal: protocol error: bad line length character: <htm"): "passes",
        ("unreachable", f"{ACCESS}The requested URL returned error: 403"): "may pass",
        ("unreachable", "fatal: Authentication failed for 'https://github.com/a/b/'"): "may pass",
        ("push-refused", "error: RPC failed; HTTP 502 curl 22 The requested URL returned error"): "passes",
        ("push-refused", f"{REJECTED}(failed to update ref)."): "passes",
        ("push-refused", f"{REJECTED}(Internal Server Error)."): "passes",
        ("push-refused", f"{ACCESS}The requested URL returned error: 401"): "may pass",
        ("push-refused", f"{REJECTED}(pre-receive hook declined). It says: no"): "may pass",
        ("push-refused", f"{REJECTED}(protected branch hook declined)."): "lasts",
        ("push-refused", "remote: Permission to a/b.git denied to mona. error: 403"): "lasts",
        ("push-refused", "x could not be pushed. The pre-push hook says: try again"): "lasts",
        ("state-busy", "The record of task 1 kept changing."): "passes",
        ("git-failed", "`git hash-object` failed: No space left on device"): "passes",
        ("git-failed", "`git merge` failed: fatal: bad object"): "lasts",
    }
    kinds = {}
    for code, message in told:
        error = GitcoordError(code, message)
        kinds[code, message] = "passes" if passes(error) else "may pass" if may_pass(error) else "lasts"
    assert kinds == told


def test_a_hiccup_is_looked_at_again_and_a_refusal_three_times() -> None:
    looks = []

    def refused(code: ErrorCode, most: int) -> str:
        looks.append(code)
        if looks.count(code) <= most:
            raise GitcoordError(code, "error: 403" if code == "unreachable" else "fatal: bad object")
        return "done"

    assert try_for(0, lambda: refused("unreachable", 2), first=0) == "done"
    codes: tuple[ErrorCode, ...] = ("unreachable", "git-failed")
    for code in codes:
        looks.clear()
        with pytest.raises(GitcoordError):
            try_for(0, partial(refused, code, 9), first=0)
        assert len(looks) == {"unreachable": 3, "git-failed": 1}[code]


def test_a_run_gives_up_after_three_refusals_in_a_row_and_never_what_passes() -> None:
    said: list[AnyNotice] = []
    patience = Patience(said.append)

    def fail(message: str) -> None:
        def act() -> None:
            raise GitcoordError("unreachable", message, hint="Look.")

        assert patience.try_to("fetching", act) is None

    for message in ("error: 403", "error: 503", "error: 403", "error: 403"):
        fail(message)
    patience.give_up()
    assert patience.faces("fetching")
    assert not patience.due("fetching")
    fail("error: 403")
    told = [(one.hint, one.lasting) for one in said if isinstance(one, RunHindered)]
    assert told == [("Look.", False), ("Look.", True)]
    with pytest.raises(GitcoordError) as given_up:
        patience.give_up()
    assert given_up.value.hint.startswith("Look. Everything that was done is kept")
    assert patience.try_to("fetching", lambda: 1) == 1
    assert said[-1] == RunUnhindered(activity="fetching")
    patience.give_up()


def test_a_lock_on_the_server_counts_as_left_behind_after_a_minute() -> None:
    left = GitcoordError(
        "push-refused", "remote: error: cannot lock ref 'HEAD': Unable to create 'HEAD.lock'"
    )
    assert (lasts(left, 9, 59), lasts(left, 1, 61)) == (False, True)


def test_a_connection_that_breaks_in_a_push_is_no_hooks_word() -> None:
    broken = "send-pack: unexpected disconnect while reading sideband packet\nerror: RPC failed; HTTP 502"
    assert Result(1, b"", broken).hook_text == ""
