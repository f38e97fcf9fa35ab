"""Random stacks of branches: drawn, made into commits, and landed in this process on the local forge."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

import msgspec

from gitcoord.conflicts.examine import examine
from gitcoord.conflicts.model import BranchInput
from gitcoord.forge.local import LocalForge
from gitcoord.forge.port import Method
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.merges import commit_tree, merge_tree
from gitcoord.git.repository import Repository
from gitcoord.git.run import Oid
from gitcoord.git.shared import SharedRefs
from gitcoord.merging.land import Lander
from gitcoord.merging.model import Options
from gitcoord.merging.observe import Scene, observe, stacks_on
from gitcoord.merging.order import with_real_order
from gitcoord.merging.report import Report
from gitcoord.planning.model import Plan, Strategy
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId
from tests.state.world import STATE, plan_of
from tests.support.repos import Content, Entry, Repo

Kind = Literal["edit", "delete", "add", "move", "restore", "restore line", "mode", "link"]
State = Mapping[str, Entry]
_FRESH = ("new.txt", "other.txt", "dir/new.txt", "dir", "moved/a.txt")


def _lines(name: str) -> Entry:
    return Entry("100644", "".join(f"{name} line {number}\n" for number in range(1, 9)))


_SELDOM = 0.12
_Spec = tuple[str, str | None, Mapping[str, Content]]
START: State = {path: _lines(path) for path in ("a.txt", "b.txt", "c.txt", "dir/d.txt", "dir/e.txt", "f.txt")}


class Change(NamedTuple):
    """One change of a commit; the numbers choose among what is there."""

    kind: Kind
    which: int
    where: int


class Member(NamedTuple):
    """One branch of a stack: the places of its parents, its commits, and what its branch gets later on."""

    parents: tuple[int, ...]
    commits: tuple[tuple[Change, ...], ...]
    late: tuple[Change, ...]
    method: Method
    strategy: Strategy
    by_hand: tuple[Change, ...]
    """What somebody commits on the base before it lands."""


_KINDS: tuple[Kind, ...] = (
    *("edit", "edit", "delete", "add", "move", "mode", "link"),
    *("restore", "restore", "restore line", "restore line"),
)
_SHAPES = {"chain": 1, "fork": 1, "diamond": 2, "alone": 0}


def stack_of(chance: Random) -> tuple[Member, ...]:
    """A stack of two to four branches: chains up to three deep, forks and diamonds."""
    members: list[Member] = []
    depths: list[int] = []
    for place in range(chance.randint(2, 4)):
        able = [number for number in range(place) if depths[number] < 3]
        [shape] = chance.choices(tuple(_SHAPES), (7, 1, 1, 1))
        chosen = able[-1:] if shape == "chain" else chance.sample(able, min(len(able), _SHAPES[shape]))
        parents = tuple(sorted(chosen))
        depths.append(1 + max((depths[number] for number in parents), default=0))
        members.append(
            Member(
                parents=parents,
                commits=tuple(_changes(chance) for _ in range(chance.randint(1, 2))),
                late=_changes(chance) if chance.random() < _SELDOM else (),
                method=chance.choice(("squash", "squash", "rebase", "merge")),
                strategy=chance.choice(("single-pr", "multi-pr")),
                by_hand=_changes(chance) if chance.random() < _SELDOM else (),
            )
        )
    return tuple(members)


def _changes(chance: Random) -> tuple[Change, ...]:
    return tuple(
        Change(chance.choice(_KINDS), chance.randrange(60), chance.randrange(60))
        for _ in range(chance.randint(1, 3))
    )


def _changed(state: State, change: Change, before: Sequence[State]) -> State:
    """The state after a change; `before` are states that it may go back to."""
    made = dict(state)
    paths = sorted(state)
    if not paths and change.kind != "add":
        return state
    path = paths[change.which % len(paths)] if paths else ""
    if change.kind == "add":
        return _put(made, _FRESH[change.which % len(_FRESH)], _lines(f"added {change.where}"))
    if change.kind in ("restore", "restore line"):
        was = before[change.where % len(before)]
        path = sorted({*was, *paths})[change.which % len({*was, *paths})]
        if path not in was:
            made.pop(path, None)
        elif change.kind == "restore" or path not in made:
            return _put(made, path, was[path])
        else:
            made[path] = _line(made[path], change.where, _at(was[path], change.where))
        return made
    if change.kind == "delete":
        del made[path]
    elif change.kind == "move":
        entry = made.pop(path)
        return _put(made, _FRESH[change.where % len(_FRESH)], entry)
    elif change.kind == "mode":
        made[path] = Entry("100755" if made[path].mode == "100644" else "100644", made[path].content)
    elif change.kind == "link":
        made[path] = Entry("120000", f"to {change.where}")
    else:
        made[path] = _line(made[path], change.where, f"changed {change.which} {change.where}")
    return made


def _put(state: dict[str, Entry], path: str, entry: Entry) -> State:
    """With a file where none of its directories is a file, and where no directory is."""
    kept = {
        other: known
        for other, known in state.items()
        if not other.startswith(path + "/") and not path.startswith(other + "/")
    }
    return {**kept, path: entry}


def _at(entry: Entry, number: int) -> str:
    lines = str(entry.content).splitlines()
    return lines[number % len(lines)] if lines else ""


def _line(entry: Entry, number: int, text: str) -> Entry:
    if entry.mode == "120000":
        return entry
    lines = str(entry.content).splitlines()
    lines[number % len(lines)] = text
    return Entry(entry.mode, "".join(f"{line}\n" for line in lines))


def _difference(before: State, after: State) -> dict[str, Content]:
    gone: dict[str, Content] = {path: None for path in before if path not in after}
    return gone | {path: entry for path, entry in after.items() if before.get(path) != entry}


def _after(state: State, changes: Sequence[Change], before: Sequence[State]) -> State:
    for change in changes:
        state = _changed(state, change, before)
    return state


def _joined(one: State, other: State) -> State:
    """What somebody makes of two parents: the other's changes in paths that the one left alone."""
    own, joined = _difference(START, one), dict(one)
    for path, entry in _difference(START, other).items():
        if path in own:
            continue
        if isinstance(entry, Entry):
            joined = dict(_put(joined, path, entry))
        else:
            joined.pop(path, None)
    return joined


class StackWorld:
    """A repository with the branches of a stack, and a plan in which each is a level of its own."""

    def __init__(self, place: Path, members: Sequence[Member]) -> None:
        self.repo = Repo.create(place, bare=True)
        self.members = members
        self.plan = _plan(members)
        self.branches = [self.plan.tasks[TaskId(str(number + 1))].branch for number in range(len(members))]
        self._make()
        self.heads = [self.repo.tip(branch) for branch in self.branches]
        self.repository = Repository.discover(place)
        self.shared = SharedRefs(self.repository, STATE)
        self.store = Store(self.repository, self.shared)
        self.store.save_plan(self.plan)
        self.by_merging = self.repo.tip("main")
        """The tip of a base onto which the branches were merged as they are, with plain git."""

    def _make(self) -> None:
        specs: list[_Spec] = [("main", None, dict(START))]
        late: list[_Spec] = []
        merges: dict[str, str] = {}
        states: list[list[State]] = []
        for number, member in enumerate(self.members):
            branch, origin = self.branches[number], "main"
            made: list[State] = [START]
            if member.parents:
                origin, made = self.branches[member.parents[0]], [states[member.parents[0]][-1]]
            for parent in member.parents[1:]:
                joined = _joined(made[-1], states[parent][-1])
                merges[f"join-{number}"] = self.branches[parent]
                specs.append((f"join-{number}", origin, _difference(made[-1], joined)))
                origin, made = f"join-{number}", [joined]
            before = [START, *(state for parent in member.parents for state in states[parent])]
            start: str | None = origin
            for place, changes in enumerate(member.commits):
                state = _after(made[-1], changes, [*before, *made])
                if state == made[-1]:
                    state = {**state, f"task-{number}-{place}.txt": Entry("100644", "done\n")}
                specs.append((branch, start, _difference(made[-1], state)))
                start = None
                made.append(state)
            states.append(made)
            if member.late:
                late.append((branch, None, _difference(made[-1], _after(made[-1], member.late, made))))
        self.repo.commit_many([*specs, *late], merges)

    def scene(self, number: int, method: Method | None = None) -> Scene:
        """The landing of one member's level, as it asks for it or by `method`."""
        member = self.members[number]
        self.store.refresh()
        plan = self.store.require_plan()
        scene = Scene(
            repository=self.repository,
            shared=self.shared,
            ancestry=Ancestry(self.repository.git),
            store=self.store,
            forge=LocalForge(self.repository, self.shared),
            plan=plan,
            level=plan.levels[number],
            options=Options(strategy=member.strategy, method=method or member.method),
        )
        return with_real_order(scene, save=True)

    def foreseen(self, number: int) -> tuple[Oid | None, tuple[str, ...]]:
        """The tree that checking one member proves the base to get, or the paths in which it conflicts."""
        scene = self.scene(number)
        world = observe(scene, fetch=False)
        [work] = world.works
        report = examine(
            self.repository,
            level="",
            base="main",
            base_commit=world.base_commit,
            branches=[BranchInput(task=work.task, branch=work.branch, commit=work.head)],
            candidates=[],
            caching=False,
            stacks=stacks_on(scene, world),
        )
        steps = [step.tree for wave in report.proof for step in wave]
        return steps[0] if steps else None, report.branches[0].base_conflicts

    def land(self, number: int, *, method: Method | None = None) -> Report:
        """Lands one member's level as far as it goes."""
        return Lander(self.scene(number, method), lambda text: None, lambda seconds: None).land()

    def commit_by_hand(self, number: int) -> None:
        """What somebody commits on the base: in both worlds the same."""
        files = {path: self._entry(path) for path in self.repo.files("main")}
        difference = _difference(files, _after(files, self.members[number].by_hand, [START, files]))
        if difference:
            self.repo.commit(difference, "by hand")
            git, tree = self.repository.git, self.repo.tree("main")
            self.by_merging = commit_tree(git, tree, [self.by_merging], "by hand")
            self.shared.refresh()

    def merge(self, number: int) -> bool:
        """Merges a member with plain git; whether that was clean."""
        git = self.repository.git
        merged = merge_tree(git, self.by_merging, self.heads[number])
        if merged.clean:
            parents = [self.by_merging, self.heads[number]]
            self.by_merging = commit_tree(git, merged.tree, parents, "merged")
        return merged.clean is True

    def depends_on(self, number: int) -> set[int]:
        """The members that one is stacked on, directly or not."""
        parents = set(self.members[number].parents)
        return parents.union(*(self.depends_on(parent) for parent in parents))

    def _entry(self, path: str) -> Entry:
        mode = self.repo.git("ls-tree", "main", "--", path).split(" ")[0]
        end = "" if mode == "120000" else "\n"
        return Entry(mode, self.repo.read("main", path) + end)


def _plan(members: Sequence[Member]) -> Plan:
    ids = [str(number + 1) for number in range(len(members))]
    plan = plan_of([[[id]] for id in ids])
    tasks = dict(plan.tasks)
    for id, member in zip(ids, members, strict=True):
        needs = tuple(TaskId(str(parent + 1)) for parent in member.parents)
        tasks[TaskId(id)] = msgspec.structs.replace(tasks[TaskId(id)], depends_on=needs)
    return msgspec.structs.replace(plan, tasks=tasks)
