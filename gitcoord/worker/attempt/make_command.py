"""Makes the command of an agent, a check or a setup: its words, its directory and its environment."""

from collections.abc import Mapping

from gitcoord.engines.engine import mark_of
from gitcoord.git.git_cli import nowhere_above
from gitcoord.git.worktree import WorkingCopy
from gitcoord.worker.attempt.agent_presets import AgentPreset, preset_words
from gitcoord.worker.attempt.attempt_context import AttemptContext
from gitcoord.worker.attempt.command_process import Command, command_words
from gitcoord.worker.attempt.environment import agent_environment, prompt_file
from gitcoord.worker.attempt.given_files import ProvidedFiles
from gitcoord.worker.attempt.paths import run_directory


def make_command(
    context: AttemptContext,
    text: str,
    who: str,
    preset: AgentPreset | None,
    also: Mapping[str, str],
    *,
    rework: bool,
) -> Command:
    """Makes the command for `text`; the variables `also` in its environment override those of the preset."""
    repository, file = context.task_context.repository, prompt_file(context.place)
    run = run_directory(repository.common_dir, context.task_context.plan.generation)
    if preset is None:
        words = command_words(text, shell=context.order.shell)
    else:
        words = preset_words(text, preset, file, context.order.check)
    provided = ProvidedFiles(WorkingCopy(repository, context.directory))
    return Command(
        argv=words,
        directory=context.directory,
        environment=agent_environment(
            context.task_context,
            context.unit,
            attempt=context.attempt,
            directory=context.place,
            checkout=context.directory,
            mark=mark_of(run, context.key),
            slot=context.slot,
            token_budget=context.order.token_budget,
            rework=rework,
        )
        | nowhere_above(context.directory)
        | dict(preset.environment if preset else {})
        | provided.exclude(repository.git, context.place / "exclude")
        | dict(also),
        input=file if who == "the agent" and (preset is None or preset.stdin) else None,
    )
