"""An account whose usage limit is reached: nothing starts on any machine that shares it, until it ends."""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gitcoord.engines.local import LocalEngine
from gitcoord.events import AttemptEnded
from gitcoord.run.observe import Observer, RunView
from gitcoord.run.retry_policy import AttemptLimits
from gitcoord.schedule.decide import next_starts
from gitcoord.schedule.model import Capacity, Policy, ScheduleDecision
from gitcoord.state.accounts import account_ref, close_account, closed_account, open_account
from tests.state.world import store_of
from tests.support.cli import environment
from tests.support.forks import Fork
from tests.support.project import Project, independent
from tests.support.repos import Repo
from tests.support.tasklists import task
from tests.support.waiting import until

START = 1_900_000_000
HOURS = 3600
AGENT = """#!/bin/sh
here=$1
echo "$GITCOORD_TASK_ID" >>"$here/begun"
while [ ! -e "$here/go" ]; do sleep 0.05; done
if [ "$(cat "$here/now")" -lt {until} ]; then
  echo "Claude AI usage limit reached|{until}"
  exit 1
fi
echo done >"file-$GITCOORD_TASK_ID"
"""

_LATER = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(hours=5)
LIMIT = f"You've hit your session limit · resets {f'{_LATER:%I:%M%p}'.lstrip('0').lower()} (Europe/Paris)"
"""A time that is ahead whenever the tests run: gitcoord takes one that has just passed for an old message."""


class Machine:
    """One clone that a run would start workers in: the run's own decisions, at the test's times."""

    def __init__(self, repo: Repo, name: str, agent: str) -> None:
        self.repo, self.name, self._agent = repo, name, agent
        self.store = store_of(repo)
        self.observer = Observer(
            self.store, LocalEngine(repo.path / ".git" / "run"), AttemptLimits(retries=0), None
        )

    def look(self, now: float) -> tuple[RunView, ScheduleDecision]:
        self.store.refresh()
        view = self.observer.look(now, None)
        return view, next_starts(view.units, view.seen, Capacity(max_parallel=2), Policy())

    def start(self, now: float) -> list[Fork]:
        view, decision = self.look(now)
        env = environment({"GITCOORD_WORKER": self.name})
        return [
            Fork(
                (one.unit, str(view.numbers[one.unit]), self._agent, str(now)),
                cwd=self.repo.path,
                env=env,
                leads=True,
                module="tests.support.worker_at",
            )
            for one in decision.starts
        ]


def _have_begun(diary: Path, count: int) -> bool:
    return diary.exists() and len(diary.read_text().split()) == count


def begin(machines: Sequence[Machine], here: Path, now: float) -> list[Fork]:
    """Each machine starts what it would, once the agents of the one before it are at work."""
    started: list[Fork] = []
    begun = here / "begun"
    (here / "now").write_text(str(int(now)))
    for machine in machines:
        before = len(started)
        started += machine.start(now)
        assert len(started) == before + 2
        until(partial(_have_begun, begun, len(started)))
    (here / "go").touch()
    return started


def test_six_agents_in_three_clones_wait_out_five_hours_and_burn_no_attempt(
    tmp_path: Path,
) -> None:
    opens = START + 5 * HOURS
    project = Project.create(tmp_path / "project", independent("1", "2", "3", "4", "5", "6"))
    script = tmp_path / "agent.sh"
    script.write_text(AGENT.format(until=opens))
    script.chmod(0o755)
    repos = [project.desk, *(project.remote.clone(tmp_path / name) for name in ("second", "third"))]
    agent = shlex.join((str(script), str(tmp_path)))
    machines = [Machine(repo, f"machine-{number}", agent) for number, repo in enumerate(repos)]

    codes = [fork.end() for fork in begin(machines, tmp_path, START)]
    assert len(codes) == 6
    first = {one.unit for machine in machines for one in machine.look(START + 1)[1].starts}
    assert first == set()

    times = [START + 60 * minute for minute in (1, 5, 11, 30, 60, 120, 240, 295, *range(297, 301))]
    for now in times:
        for machine in machines:
            view, decision = machine.look(now)
            assert decision.starts == ()
            assert {refusal.name for refusal in decision.refusals.values()} == {"closed"}
            assert view.seen.failed == {}
            assert decision.wake is not None
            assert opens <= decision.wake < opens + 60
    ends = [entry.event for entry in machines[0].store.journal() if isinstance(entry.event, AttemptEnded)]
    assert {(end.outcome, end.attempt, bool(end.again_at)) for end in ends} == {("again", 1, True)}
    assert len(ends) == 6

    (tmp_path / "go").unlink()
    (tmp_path / "begun").unlink()
    for fork in begin(machines, tmp_path, opens + 59):
        fork.end()
    view, decision = machines[0].look(opens + 120)
    assert (len(view.seen.submitted), decision.refusals) == (6, {})
    assert {told.attempt.number for told in view.progress.values() if told.attempt} == {2}


def test_what_ends_later_counts_and_an_end_that_nobody_knows_is_tried_after_longer_and_longer(
    tmp_path: Path,
) -> None:
    remote, desk = Repo.pair(tmp_path)
    one, other = store_of(desk), store_of(remote.clone(tmp_path / "other"))

    def close(store_at: float, until: float | None, account: str = "team") -> float:
        other.refresh()
        return close_account(other, account, until, "it said so", by="me", now=store_at).until

    assert close(0, 100) == 100
    assert close(1, 50) == 100
    assert close(2, 300) == 300
    one.refresh()
    closed = closed_account(one, "team", 299)
    assert closed is not None
    assert closed.sentence() == "the account team is closed until 1970-01-01 00:05 UTC: it said so"
    assert closed_account(one, "team", 300) is None
    assert closed_account(one, "another's", 1) is None
    # The same limit again, as soon as the pause is over.
    ends = [close(1000, None)]
    for _ in range(5):
        ends.append(close(ends[-1] + 1, None))
    assert [round(end - before) for before, end in zip([1000, *ends], ends, strict=False)] == [
        *(300, 601, 1201, 2401, 3601, 3601)
    ]
    assert close(ends[-1] - 1, None) == ends[-1]
    assert close(ends[-1] + 10_000, None) == ends[-1] + 10_300
    assert open_account(other, "team")
    one.refresh()
    assert one.shared.read(account_ref(one, "team")) is None
    assert not open_account(one, "team")


@pytest.mark.parametrize("words", ["3s", ""])
def test_a_run_goes_on_by_itself_when_the_limit_has_ended(tmp_path: Path, words: str) -> None:
    """An agent that says by 75 and a file when it can go on, and one that prints it."""
    project = Project.create(tmp_path / "project", [task(1), task(2, depends_on=[1])])
    (project.desk.path / "gitcoord.toml").write_text(
        '[run]\nlimit-patterns = ["come back in (?P<seconds>-?[0-9]+) s"]\n'
    )
    said = tmp_path / "said"
    tell = f'echo {words} >"$GITCOORD_AGAIN_AT_FILE"; exit 75' if words else "echo come back in -11 s; exit 1"
    script = tmp_path / "agent.sh"
    script.write_text(
        f'#!/bin/sh\nif [ ! -e {said} ]; then touch {said}; {tell}; fi\necho x >"f-$GITCOORD_TASK_ID"\n'
    )
    script.chmod(0o755)
    env = {"GITCOORD_ACCOUNT": "team"}
    arguments = ("run", "--agent", str(script), "--land", "--yes", "--retries", "0")
    ran = project.run(*arguments, env=env, ok=0)
    assert "the account team is closed until " in ran.err
    assert "The run continues at " in ran.err
    assert {"f-1", "f-2"} <= set(project.remote.files("main"))


def test_a_worker_does_not_begin_and_a_person_opens_the_account(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    script = tmp_path / "agent.sh"
    said = LIMIT
    script.write_text(f'#!/bin/sh\necho "{said}"\nexit 1\n')
    script.chmod(0o755)
    first = project.run("worker", "1", "--agent", str(script), "--json", ok=75).json
    assert (first["outcome"], first["again_at"][:2]) == ("again", "20")
    again = project.run("worker", "1", "--agent", "true", "--json", ok=75).json
    assert (again["outcome"], again["again_at"]) == ("", first["again_at"])
    shown = project.run("status", ok=0).out
    assert "You've hit your session limit" in shown
    assert " failed" not in shown
    assert project.run("status", "--json", ok=0).json["closed"] == first["reason"]
    # Whoever pays otherwise is not held up.
    other = {"GITCOORD_ACCOUNT": "another"}
    assert (
        project.run("worker", "1", "--agent", "false", "--json", env=other, ok=1).json["outcome"] == "failed"
    )
    assert project.run("resume", "--dry-run", ok=0).err == "Would clear the agents' usage limit.\n"
    assert project.run("resume", "--json", ok=0).json["opened"]
    assert project.run("status", "--json", ok=0).json["closed"] == ""
    assert "No run is under way" in project.run("resume", ok=1).err
    done = project.run("worker", "1", "--agent", "touch x", "--json", ok=0).json
    assert (done["outcome"], done["attempt"]) == ("ok", 3)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f'echo "{LIMIT}"', 75),
        (f'touch x; git add x; git commit -qm x; echo "{LIMIT}"', 75),
        (f'echo "{LIMIT}" > x; echo "I show: {LIMIT}"; echo Done.', 0),
        ('touch x; echo "Now it says: usage limit reached"', 0),
    ],
    ids=["nothing done", "last words", "in its work", "without an end"],
)
def test_an_agent_that_ends_with_0_at_its_limit_is_not_done(tmp_path: Path, words: str, code: int) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    ended = project.run("worker", "1", "--shell", "--agent", words, "--json", ok=code).json
    assert (ended["outcome"], bool(ended["again_at"])) == (("again", True) if code else ("ok", False))
