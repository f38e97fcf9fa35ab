"""`gitcoord check-file`: says which other tasks touch files. `check_file_fast` answers most calls."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.completion import complete_task

if TYPE_CHECKING:
    from gitcoord.cli.check_file_fast import Touch
    from gitcoord.cli.check_file_request import FilePlace, Tree
    from gitcoord.cli.context import Context

_EPILOG = """\b
Examples:
  gitcoord check-file src/main.rs || echo "another task changes it"
  gitcoord hooks install claude  # an agent asks before each write
"""

_Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH...", help="Files or directories.", show_default=False)
]
_Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        autocompletion=complete_task,
        help="The task that you work on (default: the one that is checked out).",
    ),
]
_Fetch = Annotated[bool, typer.Option("--fetch", help="Fetch first; without it, use no network.")]
_Hook = Annotated[
    Literal["claude", "codex", "git"] | None,
    typer.Option("--hook", help="Answer a hook of this program. Its input names the files."),
]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.files/1 document on stdout.")]


@app.command("check-file", epilog=_EPILOG)
def check_file(
    paths: _Paths = None,
    task: _Task = None,
    fetch: _Fetch = False,
    hook: _Hook = None,
    as_json: _Json = False,
) -> None:
    """Say which other tasks' branches touch each PATH, and in which lines of the base.

    Exit code 0 if no other task touches a PATH, 1 if one does. Uses the branches that were last fetched (by
    any command, or with --fetch) and this clone's branches. With --hook, only another task's change blocks
    the write; errors do not.
    """
    from pathlib import Path

    from gitcoord.cli import check_file_fast
    from gitcoord.cli.across.task_routing import no_task_here
    from gitcoord.cli.check_file_request import find_tree, place_of
    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.worker.task_context import find_task

    if hook is not None:
        _check_hook_options(paths, as_json=as_json, task=task)
        raise typer.Exit(_answer_hook(hook, fetch=fetch))
    _check_paths(paths)
    context = open_context(reads=True, several=True)
    root = str(context.repository.require_working_tree())
    if acts_across(context.settings) and (there := place_of((paths or [""])[0], None)) is not None:
        # For a file in another repository, use that repository.
        root, context = there.root, open_context(Path(there.root), reads=True, several=True)
    here = find_tree(root)
    places = _places(context, paths or [], here)
    if fetch:
        context.store.refresh()
    if acts_across(context.settings) and context.store.plan() is None:
        hint = "`gitcoord show` lists the repository of each task: give a file of one of these."
        raise no_task_here(context, hint)
    touches = _find_touches(context, places[0].common)
    asked = find_task(context.store.require_plan(), task).id if task else None
    own = [asked or check_file_fast.own_task(touches, here, place) for place in places]
    raise typer.Exit(check_file_fast.answer(places, own, touches, as_json=as_json))


def _check_hook_options(paths: list[str] | None, *, as_json: bool, task: str | None) -> None:
    from gitcoord.errors import usage_error

    if paths or as_json or task:
        raise usage_error(
            "usage",
            "--hook cannot be used with PATH, --task or --json: the hook's input names the files.",
            "Leave them out, or leave out --hook.",
        )


def _check_paths(paths: list[str] | None) -> None:
    from gitcoord.errors import usage_error

    hint = "Name files or directories, such as `gitcoord check-file src/main.rs`."
    if not paths:
        raise usage_error("usage", "No PATH is given.", hint)
    if "" in paths:
        raise usage_error("usage", "An empty PATH names no file.", hint)


def _places(context: "Context", paths: list[str], here: "Tree | None") -> "list[FilePlace]":
    """Finds `paths` in the repository, in any of its working trees. Raises `outside` (exit 2)."""
    from gitcoord.cli.check_file_request import place_of
    from gitcoord.errors import usage_error

    found = []
    for path in paths:
        place = place_of(path, here and here[2])
        if place is None or here is None or place.common != here[2]:
            raise usage_error(
                "outside",
                f"{path} is outside {context.repository.root}.",
                "Name files of this repository, or run the command in the clone that has the file (-C DIR).",
            )
        found.append(place)
    return found


def _answer_hook(hook: str, *, fetch: bool) -> int:
    """Returns the exit code for the hook. On an error, prints it and lets the program continue."""
    from pathlib import Path

    from gitcoord.cli import check_file_fast
    from gitcoord.cli.check_file_request import read_question
    from gitcoord.cli.context import open_context
    from gitcoord.cli.views.output import say
    from gitcoord.errors import GitcoordError

    question = check_file_fast.unanswered or read_question(hook)
    if isinstance(question, str):
        say(f"gitcoord: {question}")
        return 0
    looks: dict[str, list[Touch]] = {}
    for place in question.places:
        if place.common in looks:
            continue
        looks[place.common] = []
        try:
            context = open_context(Path(place.root), reads=True, several=True)
            if fetch:
                context.store.refresh()
            looks[place.common] = _find_touches(context, place.common)
        except GitcoordError as error:
            if error.code != "no-plan":
                say(f"gitcoord: {error.message} Nothing was checked.")
    return check_file_fast.answer_hook(question, looks)


def _find_touches(context: "Context", common: str) -> "list[Touch]":
    """Finds the files that each task changes, and caches them for `check_file_fast`. Raises `no-plan`."""
    import time

    from gitcoord.cli import check_file_fast
    from gitcoord.git.refs import read_refs
    from gitcoord.git.remote_refs import HEADS
    from gitcoord.worker.file_index import find_touched
    from gitcoord.worker.unit import subtask_branch

    state, now = check_file_fast.fingerprint(common), time.time_ns()
    plan = context.store.plan()
    if plan is None:  # `find_touched` below raises `no-plan`
        check_file_fast.write_touched(common, state, now, [check_file_fast.NO_PLAN])
    touches: list[Touch] = [
        (
            touched.path,
            touched.task,
            touched.branch,
            touched.title.replace("\0", " "),
            " ".join(f"{a}-{b}" if a != b else str(a) for a, b in touched.lines),
            " ".join(touched.known_to),
        )
        for touched in find_touched(context.repository, context.shared, context.store)
    ]
    here = read_refs(context.repository.git, HEADS).targets
    for task in plan.tasks.values() if plan else ():
        parts = (subtask_branch(task.branch, task.id, one.id) for one in task.subtasks)
        touches += [("", task.id, name, "", "", "") for name in (task.branch, *parts) if HEADS + name in here]
    check_file_fast.write_touched(common, state, now, touches)
    return touches
