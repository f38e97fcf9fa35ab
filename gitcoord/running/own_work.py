"""What a branch brings beyond the base: what is looked at before it is handed in."""

from gitcoord.conflicts.history import find_forks
from gitcoord.errors import answer_no
from gitcoord.evidence.foreign import Carried, Tracks, foreign_work
from gitcoord.git.links import links_without_row
from gitcoord.git.run import Oid
from gitcoord.git.shared import HEADS
from gitcoord.merging.carried import carried_words
from gitcoord.running.model import Desk
from gitcoord.sentences import some


def began_at(desk: Desk, head: Oid) -> Oid | None:
    """The commit from which on everything is the branch's own; None when it has nothing of its own."""
    git = desk.repository.git
    fork = find_forks(git, desk.base_commit, [head], desk.stacks.find(git, [head]))[head]
    return None if fork.inside or not fork.merge_bases else fork.merge_bases[0]


def find_carried(desk: Desk, head: Oid) -> Carried:
    """What `head` has of tasks not handed in, by the shared branches and this clone's own."""
    git, heads = desk.repository.git, dict(desk.tips)
    here = git.lines("for-each-ref", "--format=%(objectname) %(refname)", HEADS) if desk.shared.remote else []
    local = {ref.removeprefix(HEADS): commit for commit, _, ref in (line.partition(" ") for line in here)}
    tips = {
        (task, tip)
        for task, planned in desk.plan.tasks.items()
        for tip in (heads.get(planned.branch), local.get(planned.branch))
        if tip and task != desk.task.id
    }
    tracks = Tracks(plan=desk.plan, progress=desk.progress, landed=desk.landed)
    found = foreign_work(git, desk.ancestry, desk.base_commit, tracks, {desk.task.id: head}, tips)
    return found.get(desk.task.id, {})


def carried_note(desk: Desk, carried: Carried) -> list[str]:
    """What a worker is told of that."""
    if not carried:
        return []
    held = desk.settings.foreign_commits == "hold"
    then = "it lands once they are" if held else "they land with it"
    return [f"{carried_words(desk.plan, desk.task.branch, carried)}: {then}; or take them out of the branch"]


def check_links(desk: Desk, head: Oid | None, branch: str = "") -> None:
    """Raises `embedded-repository` (exit 1) when `branch` brings a repository that nobody can clone.

    The branch is the task's own where no other is named.
    """
    since = None if head is None else began_at(desk, head)
    if since is None or head is None:
        return
    found = links_without_row(desk.repository.git, since, head)
    if found:
        raise answer_no(
            "embedded-repository",
            f"{branch or desk.task.branch} adds a repository as a submodule without a row in .gitmodules: "
            f"{some(found)}.",
            f"Take it out with `git rm --cached {found[0]}` and commit; or make it a submodule with "
            "`git submodule add URL PATH`.",
        )
