"""Writes the prompt file of an attempt's agent."""

from gitcoord.engines.processes import in_directory
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.environment import prompt_file
from gitcoord.worker.attempt.prompt.facts import make_brief
from gitcoord.worker.attempt.prompt.markdown import ConflictBrief
from gitcoord.worker.attempt.prompt.template import wrapped_prompt


def write_prompt(context: AttemptContext, clash: ConflictBrief | None) -> None:
    """Writes the prompt file of the agent."""
    order = context.order
    brief = make_brief(
        context.task_context,
        context.unit,
        context.described.task,
        clash=clash,
        last=None if context.how.fresh else context.before.attempt,
        check=order.check,
        commits=order.commit_leftovers,
        beside=order.beside,
    )
    facts = {
        "base": context.task_context.plan.base,
        "level": context.task_context.plan.level_of(context.unit.task.id).name,
    }
    text = wrapped_prompt(brief, context.template, facts)
    written = text.encode("utf-8", "replace")
    # An agent may have removed the attempt's directory.
    in_directory(context.place, lambda: prompt_file(context.place).write_bytes(written))
