"""Hints about a run that is about to start, for behaviour that may surprise a user."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitcoord.run.observe import RunView


def run_hints(view: "RunView", *, lands: bool, pipeline: bool) -> Iterator[str]:
    """Yields hints about the run that starts with `view`."""
    needs = any(view.plan.waits_for(task, view.landed) for task in view.plan.tasks)
    if needs and not lands and not pipeline:
        yield (
            "Tasks whose dependencies have not landed will wait: nothing lands without --land "
            "(or `gitcoord merge-level` in another terminal)."
        )
    if view.closed is not None:
        yield f"{view.closed.sentence()}. The run waits until then."
