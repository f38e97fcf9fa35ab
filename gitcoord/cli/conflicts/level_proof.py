"""Runs the check on a level without landing it: finds branches that merge cleanly but fail together."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from gitcoord.cli.views.output import clean
from gitcoord.conflicts.rules import rulebook
from gitcoord.git.stacks import Stacks
from gitcoord.landing.defer_task import failure_reason
from gitcoord.landing.level_search import LevelSearch, recent_failures
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.proof import CheckContext, CheckOptions, LevelProof, TaskHead

if TYPE_CHECKING:
    from gitcoord.checks.model import Checker
    from gitcoord.cli.conflicts.level_check import CheckedLevel
    from gitcoord.cli.conflicts.level_inputs import CheckInputs
    from gitcoord.cli.context import Context
    from gitcoord.landing.generated_files import FilesMaker
    from gitcoord.notices import Tell


def prove_level(
    context: "Context",
    checked: "CheckedLevel",
    inputs: "CheckInputs",
    options: CheckOptions,
    checker: "Checker",
    maker: "FilesMaker | None",
    tell: "Tell",
) -> LevelProof:
    """Runs the check on the branches in their landing order; returns the results."""
    git = context.repository.git
    scene = CheckContext(
        git=git,
        store=context.store,
        stacks=Stacks(context.repository.ancestry, inputs.base_commit, inputs.landed_heads),
        base=inputs.plan.base,
        base_commit=inputs.base_commit,
        book=rulebook(context.settings.rules),
        maker=maker,
    )
    commits = {branch.task: branch.commit for branch in checked.report.branches}
    heads = ((task, commits.get(task)) for task in checked.report.landing_order)
    works = [TaskHead(task=task, head=head) for task, head in heads if head]
    search = LevelSearch(scene, options, checker, LandingNotices(tell), recent_failures(context.store))
    return search.all(works)


def failing_pairs(proof: LevelProof | None) -> set[frozenset[str]]:
    """Returns the pairs that merge cleanly but fail together."""
    failing = () if proof is None else proof.failing
    return {
        frozenset((one.task, *one.failure.others))
        for one in failing
        if len(one.failure.others) == 1 and not one.failure.commits
    }


def proof_sentences(proof: LevelProof, base: str) -> Iterator[str]:
    """Yields a sentence for the base if it fails the check, and for each task that fails or has no result."""
    if proof.base:
        yield f"{_capital(proof.base)}."
    for one in proof.failing:
        yield f"{_capital(failure_reason(one.task, one.failure, base))}."
    for task, reason in proof.unclear:
        yield f"Task {clean(task)}: {clean(reason)}."


def proof_document(proof: LevelProof, options: CheckOptions) -> dict[str, Any]:
    """Returns the proof as a JSON document."""
    failing = [
        {
            "task": one.task,
            "with": one.failure.others,
            "commits": one.failure.commits,
            "alone": one.failure.alone,
            "reason": one.failure.reason,
            "output": one.failure.output,
        }
        for one in proof.failing
    ]
    unclear = [{"task": task, "reason": reason} for task, reason in proof.unclear]
    found = {"command": options.command.text, "passed": proof.passed, "failing": failing, "unclear": unclear}
    return dict(msgspec.to_builtins({**found, "base": proof.base}))


def _capital(text: str) -> str:
    shown = clean(text)
    return shown[:1].upper() + shown[1:]
