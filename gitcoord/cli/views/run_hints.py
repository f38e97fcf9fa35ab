"""What a person may not expect of a run that is about to begin."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitcoord.run.observe import View


def run_hints(view: "View", *, lands: bool, pipeline: bool) -> Iterator[str]:
    """Sentences about the run that `view` is the first look at."""
    needs = any(view.plan.waits_for(task, view.landed) for task in view.plan.tasks)
    if needs and not lands and not pipeline:
        yield (
            "Tasks whose dependencies have not landed will wait: nothing lands without --land "
            "(or `gitcoord merge-level` beside this run)."
        )
    if view.closed is not None:
        yield f"{view.closed.sentence()}. The run waits for that."
