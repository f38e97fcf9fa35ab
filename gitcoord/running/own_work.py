"""What a branch brings beyond the base: what is looked at before it is handed in."""

from gitcoord.conflicts.history import find_forks
from gitcoord.errors import answer_no
from gitcoord.git.links import links_without_row
from gitcoord.git.run import Oid
from gitcoord.running.model import Desk
from gitcoord.sentences import some


def began_at(desk: Desk, head: Oid) -> Oid | None:
    """The commit from which on everything is the branch's own; None when it has nothing of its own."""
    git = desk.repository.git
    fork = find_forks(git, desk.base_commit, [head], desk.stacks.find(git, [head]))[head]
    return None if fork.inside or not fork.merge_bases else fork.merge_bases[0]


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
