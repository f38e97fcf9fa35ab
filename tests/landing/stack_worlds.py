"""Random stacks of branches made into commits, and landed in this process on the local forge."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gitcoord.conflicts.check_level import check_branches
from gitcoord.conflicts.model import BranchInput
from gitcoord.forge.local import LocalForge
from gitcoord.forge.pull_requests import Method
from gitcoord.git.git_cli import Oid
from gitcoord.git.locate_repository import locate
from gitcoord.git.merge_tree import merge_tree
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.write_commits import commit_tree
from gitcoord.landing.context import LandingContext, stacks_on
from gitcoord.landing.loop import Lander
from gitcoord.landing.model import Options
from gitcoord.landing.observe import observe
from gitcoord.landing.reorder_by_conflicts import with_real_order
from gitcoord.landing.report import Report
from gitcoord.planning.model import Plan
from gitcoord.state.store import Store
from gitcoord.tasks.model import TaskId
from tests.landing.stack_drawing import START, Member, State, after, difference, joined_states
from tests.state.world import STATE, plan_of
from tests.support.repos import Content, Entry, Repo

_Spec = tuple[str, str | None, Mapping[str, Content]]


class StackWorld:
    """A repository with the branches of a stack, and a plan in which each is a level of its own."""

    def __init__(self, place: Path, members: Sequence[Member], *, one_level: bool = False) -> None:
        self.repo = Repo.create(place, bare=True)
        self.members = members
        self.plan = _plan(members, one_level=one_level)
        self.branches = [self.plan.tasks[TaskId(str(number + 1))].branch for number in range(len(members))]
        self._make()
        self.heads = [self.repo.tip(branch) for branch in self.branches]
        self.repository = locate(place).open()
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
                joined = joined_states(made[-1], states[parent][-1])
                merges[f"join-{number}"] = self.branches[parent]
                specs.append((f"join-{number}", origin, difference(made[-1], joined)))
                origin, made = f"join-{number}", [joined]
            before = [START, *(state for parent in member.parents for state in states[parent])]
            start: str | None = origin
            for place, changes in enumerate(member.commits):
                state = after(made[-1], changes, [*before, *made])
                if state == made[-1]:
                    state = {**state, f"task-{number}-{place}.txt": Entry("100644", "done\n")}
                specs.append((branch, start, difference(made[-1], state)))
                start = None
                made.append(state)
            states.append(made)
            if member.late:
                late.append((branch, None, difference(made[-1], after(made[-1], member.late, made))))
        self.repo.commit_many([*specs, *late], merges)

    def scene(self, number: int, method: Method | None = None) -> LandingContext:
        """The landing of one member's level, as it asks for it or by `method`."""
        member = self.members[number]
        self.store.refresh()
        plan = self.store.require_plan()
        scene = LandingContext(
            repository=self.repository,
            shared=self.shared,
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
        report = check_branches(
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
        changes = difference(files, after(files, self.members[number].by_hand, [START, files]))
        if changes:
            self.repo.commit(changes, "by hand")
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


def _plan(members: Sequence[Member], *, one_level: bool) -> Plan:
    ids = [str(number + 1) for number in range(len(members))]
    if one_level:
        return plan_of([[ids]])
    plan = plan_of([[[id]] for id in ids])
    tasks = dict(plan.tasks)
    for id, member in zip(ids, members, strict=True):
        needs = tuple(TaskId(str(parent + 1)) for parent in member.parents)
        tasks[TaskId(id)] = msgspec.structs.replace(tasks[TaskId(id)], depends_on=needs)
    return msgspec.structs.replace(plan, tasks=tasks)
