"""The environment of an agent: facts about the task, and no variable that would mislead git or gitcoord."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from gitcoord.engines.processes import MARK
from gitcoord.git.git_cli import NOT_INHERITED
from gitcoord.redact import is_secret
from gitcoord.worker.attempt.exchange_files import AGAIN_AT, CLASHES, RESULT, exchange_file
from gitcoord.worker.task_context import TaskContext
from gitcoord.worker.unit import WorkUnit

_KEYS = "GITCOORD_APP_"
"""The prefix of the GitHub App's credentials: an agent that has them could act as the App permanently."""


def withheld(name: str, passed: Collection[str]) -> bool:
    """Whether agents must not get the variable: it is a credential of the user, or misleads git.

    `passed` are the names that the setting `pass-environment` allows.
    """
    if name in NOT_INHERITED:
        return True
    return (is_secret(name) or name.startswith(_KEYS)) and name not in passed


def agent_environment(
    task_context: TaskContext,
    unit: WorkUnit,
    *,
    attempt: int,
    directory: Path,
    checkout: Path,
    mark: str,
    slot: int,
    token_budget: int | None,
    rework: bool,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Makes the environment of the agent and the check; `directory` is the attempt's own."""
    passed = task_context.settings.run.pass_environment
    kept = {name: value for name, value in environ.items() if not withheld(name, passed)}
    task = unit.task
    budget = token_budget if token_budget is not None else task.tokens
    facts = {
        "GITCOORD_TASK_ID": task.id,
        "GITCOORD_SUBTASK": unit.id if unit.subtask is not None else "",
        "GITCOORD_TASK_TITLE": " ".join(unit.title.split()),
        "GITCOORD_PROMPT_FILE": str(prompt_file(directory)),
        "GITCOORD_TOKENS_FILE": str(tokens_file(directory)),
        "GITCOORD_RESULT_FILE": str(exchange_file(checkout, RESULT)),
        "GITCOORD_CLASHES_FILE": str(exchange_file(checkout, CLASHES)),
        "GITCOORD_AGAIN_AT_FILE": str(exchange_file(checkout, AGAIN_AT)),
        "GITCOORD_BRANCH": unit.branch,
        "GITCOORD_BASE": task_context.plan.base,
        "GITCOORD_LEVEL": task_context.plan.level_of(task.id).name,
        "GITCOORD_WAVE": str(task.wave if unit.subtask is None else unit.subtask.wave),
        "GITCOORD_TOKEN_BUDGET": "" if budget is None else str(budget),
        "GITCOORD_ATTEMPT": str(attempt),
        "GITCOORD_SLOT": str(slot),
        "GITCOORD_REWORK": "1" if rework else "",
        MARK: mark,
    }
    # Without a name and address git refuses to commit; an editor would wait for a person.
    kept = {"GIT_EDITOR": "true", **task_context.repository.identity, **kept}
    return kept | {name: _possible(value) for name, value in facts.items()}


def _possible(text: str) -> str:
    """The text without characters that an environment cannot hold: NUL and lone surrogates."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def prompt_file(directory: Path) -> Path:
    """The file with an attempt's prompt."""
    return directory / "prompt.md"


def tokens_file(directory: Path) -> Path:
    """The file to which an agent may write the number of tokens that it used."""
    return directory / "tokens"


def tokens_used(directory: Path) -> int | None:
    """The number of tokens that the agent reported; None if it reported none."""
    try:
        return max(0, int(tokens_file(directory).read_text(encoding="utf-8").split()[0]))
    except (OSError, ValueError, IndexError):
        return None
