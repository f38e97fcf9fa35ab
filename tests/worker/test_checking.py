"""Checks in checkouts of their own: what they see, what they cannot touch, and what becomes of them."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from gitcoord.checks.memo import read_result
from gitcoord.checks.model import CheckCommand, CheckResult, CheckTarget
from gitcoord.git.locate_repository import locate
from gitcoord.settings import RunSettings
from gitcoord.worker.checking.checker import LocalChecker, slots_directory
from tests.support.repos import Repo

RUN = RunSettings(grace=0.2, pass_environment=("GITCOORD_WANTED",))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"file": "one\n", ".gitignore": "built\n"}, "first")
    return repo


def checker(repo: Repo, text: str, *, slots: int = 1, **more: Any) -> LocalChecker:
    command = CheckCommand(text=text, shell=True, grace=0.2, **more)
    return LocalChecker(locate(repo.path).open(), command, slots, RUN)


def target(repo: Repo, content: str = "", *, again: bool = False) -> CheckTarget:
    """A tree that holds `content`, or what main holds."""
    commit = repo.commit({"file": content}, "more", branch=f"b-{abs(hash(content))}") if content else "main"
    return CheckTarget(tree=repo.tree(commit), parent=repo.tip("main"), again=again)


def checked(repo: Repo, text: str, **more: Any) -> CheckResult:
    one = checker(repo, text, **more)
    wanted = target(repo)
    try:
        return one.check([wanted])[wanted.tree]
    finally:
        one.close()


def test_a_check_sees_the_tree_and_no_login(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GITCOORD_APP_ID", "GITCOORD_WORKER"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("GITCOORD_WANTED", "seen")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    asked = "cat file; git log --format=%s -2; "
    asked += 'echo "[$GITHUB_TOKEN$GITCOORD_APP_ID$GITCOORD_WORKER$GITCOORD_WANTED]"'
    result = checked(repo, f"{asked}; echo $GITCOORD_CHECK_SLOT; ghp=ghp_{'a' * 36}; echo $ghp; false")
    assert result.outcome == "failed"
    assert result.code == 1
    assert result.output.splitlines()[:5] == ["one", "A combination to check", "first", "[seen]", "1"]
    assert "ghp_" not in result.output


def test_what_is_ignored_stays_and_what_is_not_goes(repo: Repo) -> None:
    text = (
        'test ! -e left && test "$(cat built 2>/dev/null)" = "$WANTED"; ok=$?; touch left; echo b > built; '
    )
    text += (
        "echo changed > file; git config core.bare true; git tag mine; git branch -f main HEAD~1; exit $ok"
    )
    before = repo.refs(), (repo.path / ".git" / "config").read_text()
    assert checked(repo, text).outcome == "passed"
    os.environ["WANTED"] = "b"
    try:
        one = checker(repo, text)
        again = target(repo, "two\n")
        result = one.check([again])[again.tree]
        one.close()
        assert (result.outcome, result.reason) == ("passed", "")
        clean = checker(repo, text + " # clean", clean=True)
        assert clean.check([target(repo)])[target(repo).tree].outcome == "failed"
        clean.close()
    finally:
        del os.environ["WANTED"]
    after = repo.refs(), (repo.path / ".git" / "config").read_text()
    assert {name: tip for name, tip in after[0].items() if "b-" not in name} == before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sleep 60 & sleep 60", "it was ended after 0.5 s"),
        ("no-such-command-here", "its command was not found (code 127)"),
        ("kill -9 $$", "it was killed by signal 9"),
        ("echo later; exit 75", "it asks to be tried again (code 75): later"),
    ],
)
def test_what_says_nothing_of_the_work_is_unclear_and_not_kept(text: str, reason: str, repo: Repo) -> None:
    result = checked(repo, text, seconds=0.5 if "sleep" in text else None)
    assert result.outcome == "unclear"
    assert result.reason.startswith(reason)
    assert checker(repo, text).known(target(repo).tree) is None
    assert running_in(repo) == []


def test_a_tree_is_checked_once_whoever_asks_and_a_failure_again_if_wanted(repo: Repo) -> None:
    counted = repo.path.parent / "count"
    text = f"echo x >> {counted}; sleep 0.3; test $(wc -l < {counted}) -gt 1"
    wanted, results = target(repo), list[CheckResult]()

    def ask() -> None:
        one = checker(repo, text, slots=2)
        results.append(one.check([wanted])[wanted.tree])
        one.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(one.outcome, one.runs) for one in results] == [("failed", 1)] * 2
    assert counted.read_text() == "x\n"
    again = checker(repo, text)
    assert again.known(wanted.tree) == results[0]
    found = again.check([target(repo, again=True)])[wanted.tree]
    assert (found.outcome, found.runs) == ("passed", 2)
    assert checker(repo, text).known(wanted.tree) == found
    assert checker(repo, text, environment="other tools").known(wanted.tree) is None


def test_what_nobody_wants_any_more_is_ended_and_the_rest_goes_on(repo: Repo) -> None:
    slow_one = "slow) touch ../started; sleep 60;;"
    after_it = "fast) until test -e ../started; do sleep 0.05; done;;"
    one = checker(repo, f"case $(cat file) in {slow_one} {after_it} esac", slots=2)
    slow, fast, next_one = target(repo, "slow\n"), target(repo, "fast\n"), target(repo, "next\n")
    assert list(one.check([slow, fast])) == [fast.tree]
    assert len(running_in(repo)) >= 1
    assert list(one.check([next_one])) == [next_one.tree]
    assert running_in(repo) == []
    assert one.known(slow.tree) is None
    one.close()


def test_a_killed_process_leaves_no_result_and_what_it_ran_is_ended_by_the_next(repo: Repo) -> None:
    one = checker(repo, "test $(cat file) != slow || { touch ../started; sleep 60; }")
    slow, fast = target(repo, "slow\n"), target(repo, "fast\n")
    found: list[CheckResult] = []
    asking = threading.Thread(target=lambda: found.extend(one.check([slow]).values()))
    asking.start()
    started = slots_directory(locate(repo.path).open()) / "started"
    while not started.exists():
        time.sleep(0.02)
    (process,) = one._running.values()
    os.kill(process.pid, signal.SIGKILL)
    asking.join()
    assert found[0].outcome == "unclear"
    assert "left no result" in found[0].reason
    assert len(running_in(repo)) >= 1
    assert one.check([fast])[fast.tree].outcome == "passed"
    assert running_in(repo) == []
    one.close()


def test_a_checkout_that_is_broken_is_made_anew(repo: Repo) -> None:
    assert checked(repo, "rm -rf .git; mkdir .git; touch .git/HEAD .git/index; true").outcome == "passed"
    result = checked(repo, "cat file && git status --porcelain")
    assert (result.outcome, result.output) == ("passed", "one\n")


def test_a_result_that_is_broken_or_of_another_tree_is_none(repo: Repo) -> None:
    checked(repo, "true")
    one = checker(repo, "true")
    place = one._memo.place(target(repo).tree)
    assert read_result(place) is not None
    for content in ("", "{}", (place / "result.json").read_text().replace(target(repo).tree, "0" * 40)):
        (place / "result.json").write_text(content)
        assert one.known(target(repo).tree) is None
    assert one.check([target(repo)])[target(repo).tree].outcome == "passed"


def running_in(repo: Repo) -> list[int]:
    """The processes that run in checkouts of checks."""
    place = str(slots_directory(locate(repo.path).open()))
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd().startswith(place):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_a_fork_server_that_is_killed_is_begun_anew_and_one_whose_client_is_gone_ends(repo: Repo) -> None:
    waits = "{ touch ../started; until test -e ../go; do sleep 0.05; done; }"
    one = checker(repo, f"test $(cat file) != slow || {waits}")
    place = slots_directory(locate(repo.path).open())
    first, slow = target(repo, "first\n"), target(repo, "slow\n")
    assert one.check([first])[first.tree].outcome == "passed"
    server = one._server._server
    assert server is not None
    server.kill()
    server.wait()
    second = target(repo, "second\n")
    assert one.check([second])[second.tree].outcome == "passed"
    # What the kernel does with the channel of a client that is killed; the check goes on to its result.
    asking = threading.Thread(target=lambda: one.check([slow]))
    asking.start()
    while not (place / "started").exists():
        time.sleep(0.02)
    server, channel = one._server._server, one._server._channel
    assert server is not None
    assert channel is not None
    channel.close()
    assert server.wait(20) == 0
    (place / "go").touch()
    asking.join()
    found = one.known(slow.tree)
    assert found is not None
    assert found.outcome == "passed"
    one.close()
