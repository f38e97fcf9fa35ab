"""`gitcoord prompt`: prints the prompt that the agent of a task or subtask would get now."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import Check, OneUnit
from gitcoord.cli.planning.list_options import Tag, Tasks

if TYPE_CHECKING:
    from gitcoord.cli.across.task_routing import TaskPlace

_EPILOG = """\b
Examples:
  gitcoord prompt 3              # the complete prompt
  gitcoord prompt 3.1            # a subtask's
  gitcoord prompt 3 | claude -p  # try it yourself
  gitcoord prompt 3 --json | jq -r .sections.others

\b
A running attempt has its prompt in $GITCOORD_PROMPT_FILE.
"""


@app.command("prompt", epilog=_EPILOG)
def prompt(
    task: OneUnit,
    check: Check = None,
    tasks: Tasks = None,
    tag: Tag = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.prompt/1 document on stdout.")
    ] = False,
) -> None:
    """Print the prompt that an agent would get for TASK now, in Markdown.

    The prompt names the tasks that run now and the files that they change. For a deferred task, it is the
    prompt for the conflict. For a task of several repositories, prints the prompt in each.
    """
    from gitcoord.cli.across.each_repository import show_name, together
    from gitcoord.cli.across.task_routing import places_of
    from gitcoord.cli.views.output import emit_json, emit_text
    from gitcoord.errors import in_repository

    documents = []
    for place in places_of(task, reads=True):
        with in_repository(place.name):
            documents.append((place, _document(place, task, check=check, tasks=tasks, tag=tag)))
    if as_json:
        emit_json("prompt", together(documents))
        return
    for place, document in documents:
        if len(documents) > 1:
            show_name(place)
        emit_text(document["text"])


def _document(
    place: "TaskPlace", task: str, *, check: str | None, tasks: str | None, tag: str | None
) -> dict[str, Any]:
    """Returns the document with the prompt for the agent in one repository."""
    from gitcoord.cli.views.output import say
    from gitcoord.state.task_history import PENDING
    from gitcoord.tasks.model import TaskId
    from gitcoord.worker.attempt.prompt.facts import foreseen_clash, make_brief
    from gitcoord.worker.attempt.prompt.markdown import sections
    from gitcoord.worker.attempt.prompt.task_description import describe
    from gitcoord.worker.attempt.prompt.template import read_template, wrapped_prompt
    from gitcoord.worker.attempt.request import WorkerOrder
    from gitcoord.worker.task_context import task_context_for
    from gitcoord.worker.unit import find_unit

    context = place.context
    context.store.refresh()
    run, plan = context.settings.run, context.store.require_plan()
    unit = find_unit(plan, task)
    task_context = task_context_for(
        context.repository, context.shared, context.store, plan, unit.task, context.settings
    )
    described = describe(task_context, unit, WorkerOrder(unit=TaskId(task), agent="", tasks=tasks, tag=tag))
    known = task_context.progress.get(unit.id, PENDING)
    brief = make_brief(
        task_context,
        unit,
        described.task,
        clash=foreseen_clash(task_context, unit),
        last=None if known.fresh or run.fresh else known.attempt,
        check=run.check if check is None else check,
        commits=run.commit_leftovers,
    )
    for note in described.notes:
        say(place.says(f"warning: {note}"))
    template = read_template(context.repository.root, run.prompt)
    facts = {"base": plan.base, "level": plan.level_of(unit.task.id).name}
    text = wrapped_prompt(brief, template, facts)
    return {"task": unit.id, "branch": unit.branch, "text": text, "sections": sections(brief)}
