"""What a branch brings beyond the base: what is looked at before it is handed in."""

from gitcoord.conflicts.history import find_forks
from gitcoord.errors import answer_no
from gitcoord.evidence.foreign import Carried, Tracks, foreign_work
from gitcoord.git.links import links_without_row
from gitcoord.git.run import Git, Oid
from gitcoord.git.shared import HEADS
from gitcoord.merging.carried import carried_words
from gitcoord.running.model import TaskContext
from gitcoord.running.unwanted import check_commits
from gitcoord.sentences import some
from gitcoord.settings_file import PYPROJECT, SETTINGS_FILES


def began_at(desk: TaskContext, head: Oid) -> Oid | None:
    """The commit from which on everything is the branch's own; None when it has nothing of its own."""
    git = desk.repository.git
    fork = find_forks(git, desk.base_commit, [head], desk.stacks.find(git, [head]))[head]
    return None if fork.inside or not fork.merge_bases else fork.merge_bases[0]


def find_carried(desk: TaskContext, head: Oid) -> Carried:
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


def carried_note(desk: TaskContext, carried: Carried) -> list[str]:
    """What a worker is told of that."""
    if not carried:
        return []
    held = desk.settings.foreign_commits == "hold"
    then = "it lands once they are" if held else "they land with it"
    return [f"{carried_words(desk.plan, desk.task.branch, carried)}: {then}; or take them out of the branch"]


def check_brought(desk: TaskContext, head: Oid | None, branch: str = "") -> tuple[str, ...]:
    """What a worker is told of what `branch` (the task's own where none is named) brings with it.

    Raises (exit 1) `embedded-repository` for a repository that nobody can clone, and `private-key`.
    """
    since = None if head is None else began_at(desk, head)
    if since is None or head is None:
        return ()
    git, branch = desk.repository.git, branch or desk.task.branch
    found = links_without_row(git, since, head)
    if found:
        raise answer_no(
            "embedded-repository",
            f"{branch} adds a repository as a submodule without a row in .gitmodules: {some(found)}.",
            f"Take it out with `git rm --cached {found[0]}` and commit; or make it a submodule with "
            "`git submodule add URL PATH`.",
        )
    unwanted = check_commits(git, since, head, desk.base_commit, desk.settings.rules, branch)
    return (*unwanted, *_rules_changed(desk, since, head, branch))


def _rules_changed(desk: TaskContext, since: Oid, head: Oid, branch: str) -> list[str]:
    """What is said of changes to gitcoord's own settings, and to the task list where those are kept."""
    git, kept = desk.repository.git, desk.settings.task_list_changes == "keep"
    lists = [desk.plan.source] if kept and desk.plan.source else []
    options = ("-r", "--name-only", "-z", "--no-renames")
    told = git.text(
        *("--literal-pathspecs", "diff-tree", *options, since, head, "--", *SETTINGS_FILES, PYPROJECT, *lists)
    )
    changed = [path for path in told.split("\0") if path]
    settings = [path for path in changed if path in SETTINGS_FILES]
    if PYPROJECT in changed and len({_table_at(git, commit) for commit in (since, head)}) > 1:
        settings.append(f"[tool.gitcoord] in {PYPROJECT}")
    notes = (
        [f"{branch} changes gitcoord's settings ({some(settings)}): they land with it"] if settings else []
    )
    listed = [path for path in changed if path in lists]
    return [
        *notes,
        *([f"{branch} changes the task list ({some(listed)}): it lands with it"] if listed else []),
    ]


def _table_at(git: Git, commit: Oid) -> str:
    """The settings in the `pyproject.toml` of a commit, to be compared with others."""
    import tomllib

    text = git.run("cat-file", "blob", f"{commit}:{PYPROJECT}", ok=()).stdout
    try:
        return repr(tomllib.loads(text.decode()).get("tool", {}).get("gitcoord"))
    except (ValueError, AttributeError):
        return ""
