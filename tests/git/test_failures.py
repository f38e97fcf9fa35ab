"""What git's failures mean: from git's own words and formats, never from what a server or a hook wrote."""

from pathlib import Path

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.git.failures import failure_of, rejections
from gitcoord.git.git_result import GitResult
from gitcoord.git.remote_refs import HEADS, RefUpdate
from tests.git.world import STATE, hook, shared_of
from tests.support.repos import Repo

ACCESS = "fatal: unable to access 'https://github.com/a/b/': "
LOST = (
    "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
)


@pytest.mark.parametrize(
    ("stderr", "cause", "passing"),
    [
        (f"{ACCESS}The requested URL returned error: 503", "network", "passes"),
        (f"{ACCESS}The requested URL returned error: 429", "network", "passes"),
        (f"{ACCESS}The requested URL returned error: 403", "refused", "perhaps"),
        (f"{ACCESS}Could not resolve host: github.com", "network", "passes"),
        (f"{ACCESS}Failed to connect to github.com port 443", "network", "passes"),
        (f"{ACCESS}SSL certificate problem: self signed certificate", "network", "unknown"),
        ("fatal: Authentication failed for 'https://github.com/a/b/'", "refused", "perhaps"),
        ("fatal: protocol error: bad line length character: <htm", "network", "passes"),
        ("error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", "network", "passes"),
        ("error: RPC failed; HTTP 403 curl 22 The requested URL returned error: 403", "refused", "perhaps"),
        ("send-pack: unexpected disconnect while reading sideband packet", "network", "passes"),
        (f"ssh: connect to host a port 22: Connection refused\n{LOST}", "network", "passes"),
        (f"git@a: Permission denied (publickey).\n{LOST}", "refused", "perhaps"),
        (f"Host key verification failed.\n{LOST}", "refused", "perhaps"),
        (f"kex_exchange_identification: Connection closed by remote host\n{LOST}", "network", "passes"),
        ("fatal: unable to write file .git/objects/1f/0a: No space left on device", "here", "passes"),
        ("error: unable to write file .git/objects/1f/0a: Permission denied", "here", "unknown"),
        ("fatal: Unable to create '/a/.git/shallow.lock': File exists.", "here", "briefly"),
        ("fatal: bad object refs/heads/a", "broken-ref", "unknown"),
        ("fatal: not a git repository (or any of the parent directories): .git", "no-repository", "never"),
        ("fatal: detected dubious ownership in repository at '/a'", "untrusted", "never"),
        ("fatal: something new", "unknown", "unknown"),
    ],
)
def test_gits_own_lines_tell_the_cause_and_whether_it_passes(stderr: str, cause: str, passing: str) -> None:
    failure = failure_of(stderr)
    assert (failure.cause, failure.passing) == (cause, passing)


@pytest.mark.parametrize(
    "told",
    [
        "remote: fatal: unable to access 'x': The requested URL returned error: 503",
        "remote: error: cannot lock ref 'refs/heads/a': Unable to create '/a.lock': File exists.",
        "fatal: remote error: the connection timed out, try again",
        "error: remote unpack failed: No space left on device",
        "please try again, the service is temporarily down",
    ],
)
def test_what_a_server_or_a_hook_wrote_is_never_read(told: str) -> None:
    assert failure_of(f"{told}\nerror: failed to push some refs to 'x'").passing == "unknown"


@pytest.mark.parametrize(
    ("summary", "passing"),
    [
        ("[remote rejected] (failed to update ref)", "briefly"),
        ("[remote rejected] (unpacker error)", "briefly"),
        ("[remote rejected] (Internal Server Error)", "passes"),
        ("[remote failure] (remote failed to report status)", "passes"),
        ("[rejected] (stale info)", "briefly"),
        ("[remote rejected] (pre-receive hook declined)", "never"),
        ("[remote rejected] (protected branch hook declined)", "never"),
        ("[remote rejected] (try again: Internal Server Error)", "never"),
    ],
)
def test_the_status_of_a_ref_tells_whether_its_refusal_passes(summary: str, passing: str) -> None:
    (told,) = rejections(f"To x\n!\t1234:refs/heads/a\t{summary}\nDone\n")
    assert (told.ref, told.summary, told.passing) == ("refs/heads/a", summary, passing)


@pytest.mark.parametrize("words", ["", "The service is down: connection timed out. Fix it and try again."])
@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_a_hook_of_the_server_is_asked_once_whatever_it_says(tmp_path: Path, name: str, words: str) -> None:
    remote, work = Repo.pair(tmp_path)
    asked = tmp_path / "asked"
    hook(remote, name, f"echo {name} >> {asked}; echo 'fatal: {words}' >&2; exit 1")
    with pytest.raises(GitcoordError) as failure:
        shared_of(work).publish([RefUpdate(STATE + "plan", None, work.tip("main"))])
    assert (failure.value.code, failure.value.passing) == ("push-refused", "never")
    assert asked.read_text().split() == [name]
    assert words in failure.value.message


@pytest.mark.parametrize("words", ["", "fatal: unable to access 'x': Connection timed out", "try again"])
def test_a_hook_of_this_repository_is_named_and_asked_once(tmp_path: Path, words: str) -> None:
    _, work = Repo.pair(tmp_path)
    shared, new = shared_of(work), work.commit({"a.txt": "a"}, branch="feature")
    asked = tmp_path / "asked"
    hook(work, "pre-push", f'echo x >> {asked}; [ -z "{words}" ] || echo "{words}" >&2; exit 7')
    with pytest.raises(GitcoordError, match=r"The pre-push hook (says|ended with code 7)") as failure:
        shared.publish([RefUpdate(HEADS + "feature", None, new)], hooks=True)
    assert (failure.value.code, failure.value.passing) == ("push-refused", "never")
    assert "may push there" not in failure.value.hint
    assert asked.read_text() == "x\n"


def test_a_remote_that_refuses_after_the_hook_agreed_is_not_blamed_on_the_hook(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    shared, new = shared_of(work), work.commit({"a.txt": "a"}, branch="feature")
    hook(work, "pre-push", "echo 'all is well' >&2")
    hook(remote, "update", "exit 1")
    with pytest.raises(GitcoordError, match="The remote origin refused to move feature"):
        shared.publish([RefUpdate(HEADS + "feature", None, new)], hooks=True)


def test_a_disk_here_that_takes_nothing_is_not_blamed_on_the_remote(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    remote.commit({"a.txt": "a"})
    pack = work.path / ".git/objects/pack"
    pack.rename(tmp_path / "pack")
    pack.touch()
    work.git("config", "fetch.unpackLimit", "1")
    with pytest.raises(GitcoordError) as failure:
        shared.refresh()
    assert failure.value.code == "git-failed"
    assert failure.value.message.startswith("The objects that origin sent could not be stored here: ")
    assert "credentials" not in failure.value.hint


def test_a_lock_left_behind_on_the_server_passes_within_a_minute_or_never(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    (remote.path / "refs/heads/feature.lock").touch()
    with pytest.raises(GitcoordError) as failure:
        shared_of(work).publish([RefUpdate(HEADS + "feature", None, work.tip("main"))])
    assert (failure.value.code, failure.value.passing) == ("push-refused", "briefly")


@pytest.mark.parametrize("there", ["feature", "feature/level-0-task-1/wip"])
@pytest.mark.parametrize("alone", [True, False])
def test_a_name_that_cannot_be_beside_another_one_is_final(tmp_path: Path, there: str, alone: bool) -> None:
    remote, work = Repo.pair(tmp_path)
    remote.branch(there)
    tip = work.tip("main")
    updates = [RefUpdate(HEADS + "feature/level-0-task-1", None, tip)]
    updates += [] if alone else [RefUpdate(STATE + "plan", None, tip)]
    with pytest.raises(GitcoordError) as failure:
        shared_of(work).publish(updates)
    assert (failure.value.code, failure.value.passing) == ("name-taken", "never")
    assert there in failure.value.message


def test_a_connection_that_breaks_in_a_push_is_no_hooks_word() -> None:
    broken = "send-pack: unexpected disconnect while reading sideband packet\nerror: RPC failed; HTTP 502"
    assert GitResult(1, b"", broken).hook_text == ""
