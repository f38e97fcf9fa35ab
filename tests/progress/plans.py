"""Plans with subtasks, and journals as a run would have written them: played through without any clock."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gitcoord.events import (
    AnyEvent,
    AttemptEnded,
    AttemptStarted,
    Outcome,
    PlanSaved,
    RunChanged,
    TaskDeferred,
    TaskLanded,
    TasksClash,
    TaskSubmitted,
)
from gitcoord.planning.make_plan import build_plan
from gitcoord.planning.model import Plan
from gitcoord.progress.units import PlanUnit, plan_units, unit_graph
from gitcoord.tasks.model import Subtask, Task, TaskId, TaskList

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def at(seconds: float, start: datetime = START) -> str:
    """The time so many seconds after the start, as events have it."""
    return (start + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def planned(tasks: Sequence[Task], *, max_parallel: int = 4, **options: Any) -> Plan:
    """The plan of these tasks under multi-pr."""
    return build_plan(
        TaskList(tag="master", tasks=tuple(tasks)),
        base="main",
        strategy=options.pop("strategy", "multi-pr"),
        max_parallel=max_parallel,
        task_branch="feature/level-{level}-task-{task}",
        level_branch="feature/level-{level}-implementation",
        **options,
    )


def task(id: str, *needs: str, minutes: float = 1.0, title: str = "", **fields: Any) -> Task:
    """A task of so many minutes."""
    return Task(
        id=TaskId(id),
        title=title or f"Task {id}",
        depends_on=tuple(map(TaskId, needs)),
        estimate=minutes,
        **fields,
    )


def parent(id: str, title: str, waves: Sequence[Sequence[str]], *needs: str, minutes: float = 1.0) -> Task:
    """A task whose subtasks are these titles; each needs the whole wave before its own."""
    subtasks: list[Subtask] = []
    before: tuple[TaskId, ...] = ()
    for wave in waves:
        ids = tuple(TaskId(f"{id}.{len(subtasks) + place + 1}") for place in range(len(wave)))
        subtasks += [
            Subtask(id=own, title=name, depends_on=before, estimate=minutes)
            for own, name in zip(ids, wave, strict=True)
        ]
        before = ids
    return Task(id=TaskId(id), title=title, depends_on=tuple(map(TaskId, needs)), subtasks=tuple(subtasks))


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A journal, and what has landed by the time that it was stopped at."""

    events: tuple[AnyEvent, ...]
    landed: frozenset[TaskId]
    seconds: float


def play(
    plan: Plan,
    *,
    until: float = 1e9,
    start: datetime = START,
    takes: Mapping[str, float] | None = None,
    ends: Mapping[str, Sequence[Outcome]] | None = None,
    clashes: Mapping[str, str] | None = None,
    landing: float = 0.0,
) -> Played:
    """A run of the plan with its `max_parallel` slots, stopped after `until` seconds.

    `takes`: seconds of a unit where not its estimate; `ends`: outcomes of its first attempts; `clashes`:
    a unit clashes with that other one half way through; `landing`: seconds from hand-in to landed.
    """
    world = _World(plan, start, dict(takes or {}), dict(ends or {}), dict(clashes or {}), landing)
    world.run(until)
    told = sorted((pair for pair in world.told if pair[0] <= until), key=lambda pair: pair[0])
    landed = frozenset(TaskId(e.task) for _, e in told if isinstance(e, TaskLanded) and e.task)
    return Played(events=tuple(event for _, event in told), landed=landed, seconds=min(until, world.now))


class _World:
    def __init__(
        self,
        plan: Plan,
        start: datetime,
        takes: dict[str, float],
        ends: dict[str, Sequence[Outcome]],
        clashes: dict[str, str],
        landing: float,
    ) -> None:
        self.plan, self.start, self.takes, self.ends = plan, start, takes, ends
        self.clashes, self.landing = clashes, landing
        self.units = plan_units(plan)
        self.graph = unit_graph(self.units)
        self.now = 0.0
        self.told: list[tuple[float, AnyEvent]] = []
        self.done: dict[TaskId, float] = {}
        self.tries: dict[TaskId, int] = {}
        self.stuck: set[TaskId] = set()
        self.ready_since: dict[TaskId, float] = {}
        self.running: list[tuple[float, TaskId]] = []

    def run(self, until: float) -> None:
        count = PlanSaved(at=self.at(0), by="ann", levels=len(self.plan.levels), tasks=len(self.plan.tasks))
        going = RunChanged(at=self.at(0), by="ann", state="running", max_parallel=self.plan.max_parallel)
        self.told += [(0, count), (0, going)]
        while self.now <= until:
            for unit in self.ready():
                if len(self.running) < self.plan.max_parallel:
                    self.begin(unit)
            moments = [self.running[0][0]] if self.running else []
            moments += [end for end in self.done.values() if end > self.now]
            if not moments:
                self.told.append((self.now, RunChanged(at=self.at(self.now), by="ann", state="ended")))
                return
            self.now = min(moments)
            while self.running and self.running[0][0] <= self.now:
                self.end(heapq.heappop(self.running)[1])

    def at(self, seconds: float) -> str:
        return at(seconds, self.start)

    def ready(self) -> list[PlanUnit]:
        busy = {unit for _, unit in self.running}
        found = [
            unit
            for unit in self.units.values()
            if unit.id not in self.done
            and unit.id not in busy
            and unit.id not in self.stuck
            and all(self.done.get(need, 1e18) <= self.now for need in self.graph.needs[unit.id])
        ]
        for unit in found:
            self.ready_since.setdefault(unit.id, self.now)
        return found

    def begin(self, unit: PlanUnit) -> None:
        number = self.tries[unit.id] = self.tries.get(unit.id, 0) + 1
        waited = self.now - self.ready_since.pop(unit.id)
        seconds = self.takes.get(unit.id, unit.estimate * 60)
        earlier = self.ends.get(unit.id, ())[: number - 1]
        self.tell(
            self.now,
            AttemptStarted,
            unit.id,
            attempt=number,
            branch=self.plan.tasks[unit.parent].branch,
            base=COMMIT,
            rework=bool(earlier) and earlier[-1] == "conflict",
            waited={"slots": waited} if waited else {},
        )
        if unit.id in self.clashes and number == 1:
            clash = {"other": self.clashes[unit.id], "paths": ("src/api/routes.py", "src/models.py")}
            self.tell(self.now + seconds / 2, TasksClash, unit.id, **clash)
        heapq.heappush(self.running, (self.now + seconds, unit.id))

    def end(self, id: TaskId) -> None:
        unit, number = self.units[id], self.tries[id]
        planned_ends = self.ends.get(id, ())
        outcome: Outcome = planned_ends[number - 1] if number <= len(planned_ends) else "ok"
        reason = {"failed": "the check command failed", "conflict": "src/api/routes.py"}.get(outcome, "")
        if outcome == "conflict":
            others = (self.clashes[id],) if id in self.clashes else ()
            deferred = {"head": COMMIT, "reason": f"task {id} conflicts in src/api/routes.py"}
            self.tell(self.now, TaskDeferred, id, **deferred, others=others, paths=("src/api/routes.py",))
        tokens = 20_000 + 1_000 * len(id)
        told = {"attempt": number, "outcome": outcome, "reason": reason, "tokens": tokens}
        self.tell(self.now, AttemptEnded, id, **told)
        if outcome == "failed" and number >= len(planned_ends):
            self.stuck.add(id)
        elif outcome == "ok":
            self.finish(unit)

    def finish(self, unit: PlanUnit) -> None:
        self.done[unit.id] = self.now
        task = self.plan.tasks[unit.parent]
        if all(own.id in self.done for own in self.units.values() if own.parent == task.id):
            self.tell(self.now, TaskSubmitted, task.id, branch=task.branch, head=COMMIT)
            landed = self.now + self.landing
            self.tell(landed, TaskLanded, task.id, branch=task.branch, head=COMMIT, commit=COMMIT)
            self.done[task.id] = landed

    def tell(self, seconds: float, kind: type[Any], task: str, **fields: Any) -> None:
        by = f"agent-{task}@vm-7"
        self.told.append((seconds, kind(at=self.at(seconds), by=by, task=task, **fields)))


def sixty(max_parallel: int = 6) -> Plan:
    """Three parents with twenty subtasks each; the third needs the first."""
    words = ("Model", "Store", "Parse", "Check", "Route", "Draw", "Cache", "Log", "Send", "Test")
    what = ("orders", "payments", "customers", "invoices", "refunds")
    names = [f"{word} the {noun}" for noun in what for word in words]
    waves = [names[0:2], names[2:8], names[8:14], names[14:19], names[19:20]]
    other = [names[20:24], names[24:32], names[32:37], names[37:40]]
    return planned(
        [
            parent("1", "Payments that survive a lost connection", waves, minutes=2),
            parent("2", "Order history for every customer", other, minutes=2),
            parent("3", "Reports by e-mail", [names[10:15], names[25:35], names[40:45]], "1", minutes=2),
        ],
        max_parallel=max_parallel,
    )


def seventeen() -> Plan:
    """Seventeen tasks in ten levels; 12, 13 and 14 side by side, and 15 after all three."""
    rows: list[tuple[str, tuple[str, ...], float, str, tuple[str, ...]]] = [
        ("1", (), 2, "Set up the workspace", ()),
        ("2", ("1",), 3, "Configuration model", ()),
        ("3", ("1",), 4, "Task list parser", ()),
        ("4", ("2", "3"), 3, "Dependency graph", ()),
        ("5", ("4",), 5, "Level calculation", ("src/levels.rs",)),
        ("6", ("4",), 4, "Branch management", ("src/git/**",)),
        ("7", ("6",), 6, "Merge coordinator", ("src/git/merge.rs",)),
        ("8", ("5",), 3, "Conflict analysis", ()),
        ("9", ("8",), 4, "Pull requests", ()),
        ("10", ("7",), 3, "Status report", ()),
        ("11", ("9", "10"), 2, "Command line", ()),
        ("12", ("11",), 3, "Workflow templates", ("deploy/**",)),
        ("13", ("11",), 5, "Container image", ("deploy/Dockerfile",)),
        ("14", ("11",), 4, "Documentation of every command and all of its options", ("docs/**",)),
        ("15", ("12", "13", "14"), 2, "Integration tests", ()),
        ("16", ("15",), 2, "Benchmarks", ()),
        ("17", ("15",), 3, "Release", ()),
    ]
    return planned(
        [
            task(id, *needs, minutes=minutes, title=title, modifies=modifies)
            for id, needs, minutes, title, modifies in rows
        ]
    )
