"""A level branch that somebody moved is not reported as rebuilt or as updated."""

from pathlib import Path

from gitcoord.forge.local import LocalForge
from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.landing.commit_generated import regenerate
from gitcoord.landing.context import LandingContext
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.model import Carrier, LandingSnapshot, LevelBranch, Options
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.perform_git import rebuild
from gitcoord.landing.steps import CommitGenerated, Rebuild
from gitcoord.notices import FilesRemade, Notice
from gitcoord.state.store import Store
from tests.state.world import STATE, plan_of
from tests.support.repos import Repo


def level_with_branch(place: Path) -> tuple[Repo, LandingContext, str]:
    """A repository with a level branch, the context of its landing, and the name of the branch."""
    repo = Repo.create(place, bare=True)
    repo.commit({"a": "1\n"}, "first")
    plan = plan_of([[["1"]]])
    branch = plan.levels[0].branch
    repo.branch(branch)
    repo.commit({"b": "1\n"}, "work", branch=branch)
    repository = locate(place).open()
    shared = SharedRefs(repository, STATE)
    store = Store(repository, shared)
    store.save_plan(plan)
    context = LandingContext(
        repository=repository,
        shared=shared,
        store=store,
        forge=LocalForge(repository, shared),
        plan=plan,
        level=plan.levels[0],
        options=Options(strategy="single-pr"),
    )
    return repo, context, branch


def test_generated_files_are_reported_only_if_their_commit_is_on_the_branch(tmp_path: Path) -> None:
    repo, context, branch = level_with_branch(tmp_path / "repo")
    told: list[Notice] = []

    def commit_on(head: str) -> None:
        carrier = Carrier(branch=branch, head=head, tasks=context.level.tasks, wave=1, pull=None)
        step = CommitGenerated(carrier=carrier, tree=repo.tree(branch), paths=("deps.lock",))
        regenerate(context, step, LandingMemory.empty(), LandingNotices(told.append))

    before = repo.tip(branch)
    moved = repo.commit({"c": "1\n"}, "meanwhile", branch=branch)
    commit_on(before)
    assert repo.tip(branch) == moved
    assert told == []
    commit_on(moved)
    assert repo.git("rev-parse", f"{branch}^").strip() == moved
    assert [type(one) for one in told] == [FilesRemade]


def test_a_level_branch_counts_as_rebuilt_only_if_nobody_else_moved_it(tmp_path: Path) -> None:
    repo, context, branch = level_with_branch(tmp_path / "repo")
    base = repo.tip("main")

    def rebuild_at(tip: str) -> str | None:
        level_branch = LevelBranch(name=branch, tip=tip)
        snapshot = LandingSnapshot(
            level="level-0", base="main", base_commit=base, works=(), level_branch=level_branch
        )
        return rebuild(context, snapshot, Rebuild(tasks=()))

    before = repo.tip(branch)
    moved = repo.commit({"c": "1\n"}, "meanwhile", branch=branch)
    assert rebuild_at(before) is None
    assert repo.tip(branch) == moved
    assert rebuild_at(moved) == ""
    assert repo.tip(branch) == base
