"""The commits and files that a branch adds to the base, which are checked before it is submitted."""

from gitcoord.conflicts.fork_points import Fork, find_forks
from gitcoord.errors import GitcoordError, answer_no
from gitcoord.evidence.foreign_commits import Carried, Tracks, foreign_work
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.gitlinks import links_without_row
from gitcoord.git.remote_refs import HEADS
from gitcoord.landing.foreign_work import carried_words
from gitcoord.settings_file import PYPROJECT, SETTINGS_FILES
from gitcoord.text_lists import some
from gitcoord.worker.hold_back_rules import check_commits
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.unit import WorkUnit


def began_at(context: TaskContext, head: Oid) -> Oid | None:
    """Returns the commit where the branch's own commits begin; None if it has none, or no common history."""
    fork = _fork(context, head)
    return None if fork.inside or not fork.merge_bases else fork.merge_bases[0]


def _fork(context: TaskContext, head: Oid) -> Fork:
    git = context.repository.git
    return find_forks(git, context.base_commit, [head], context.stacks.find(git, [head]))[head]


def unrelated(branch: str, base: str, id: str) -> GitcoordError:
    """Returns the error for a branch that git cannot merge with `base`, such as an orphan branch."""
    return answer_no(
        "unrelated-histories",
        f"{branch} has no commit in common with {base}, so git cannot merge them.",
        f"`gitcoord retry {id} --fresh` starts again. To keep its commits, run "
        f"`git merge --allow-unrelated-histories {base}` on the branch, and submit again.",
    )


def find_carried(context: TaskContext, head: Oid) -> Carried:
    """Finds commits of unsubmitted tasks in `head`; compares the shared branches and those of this clone."""
    git, heads = context.repository.git, dict(context.tips)
    here = (
        git.lines("for-each-ref", "--format=%(objectname) %(refname)", HEADS) if context.shared.remote else []
    )
    local = {ref.removeprefix(HEADS): commit for commit, _, ref in (line.partition(" ") for line in here)}
    tips = {
        (task, tip)
        for task, planned in context.plan.tasks.items()
        for tip in (heads.get(planned.branch), local.get(planned.branch))
        if tip and task != context.task.id
    }
    tracks = Tracks(plan=context.plan, progress=context.progress, landed=context.landed)
    found = foreign_work(git, context.ancestry, context.base_commit, tracks, {context.task.id: head}, tips)
    return found.get(context.task.id, {})


def carried_note(context: TaskContext, carried: Carried) -> list[str]:
    """The note for the worker about carried commits of other tasks."""
    if not carried:
        return []
    held = context.settings.foreign_commits == "hold"
    then = "submit that work first, or" if held else "they land with it, unless you"
    return [f"{carried_words(context.plan, context.task.branch, carried)}: {then} remove those commits"]


def check_added(context: TaskContext, head: Oid | None, unit: WorkUnit | None = None) -> tuple[str, ...]:
    """Returns notes for the worker about the files that the branch of `unit` (default: the task) adds.

    Raises (exit 1) `unrelated-histories`, `private-key`, and `embedded-repository` for a submodule without a
    URL, which nobody can clone.
    """
    if head is None:
        return ()
    git, fork = context.repository.git, _fork(context, head)
    branch, id = (context.task.branch, context.task.id) if unit is None else (unit.branch, unit.id)
    if fork.inside:
        return ()
    if not fork.merge_bases:
        raise unrelated(branch, context.plan.base, id)
    since = fork.merge_bases[0]
    found = links_without_row(git, since, head)
    if found:
        raise answer_no(
            "embedded-repository",
            f"{branch} adds a repository as a submodule without an entry in .gitmodules: {some(found)}.",
            f"Remove it with `git rm --cached {found[0]}` and commit; or make it a submodule with "
            "`git submodule add URL PATH`.",
        )
    unwanted = check_commits(git, since, head, context.base_commit, context.settings.rules, branch)
    return (*unwanted, *_rules_changed(context, since, head, branch))


def _rules_changed(context: TaskContext, since: Oid, head: Oid, branch: str) -> list[str]:
    """Notes about changes to gitcoord's settings, and to the task list if such changes are kept."""
    git, kept = context.repository.git, context.settings.task_list_changes == "keep"
    lists = [context.plan.source] if kept and context.plan.source else []
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
    """The settings in the `pyproject.toml` of a commit, in a form that can be compared."""
    import tomllib

    text = git.run("cat-file", "blob", f"{commit}:{PYPROJECT}", ok=()).stdout
    try:
        return repr(tomllib.loads(text.decode()).get("tool", {}).get("gitcoord"))
    except (ValueError, AttributeError):
        return ""
