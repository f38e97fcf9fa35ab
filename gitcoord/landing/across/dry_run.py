"""Simulates the landing of a level in each of its repositories, and changes nothing."""

from collections.abc import Mapping

import msgspec

from gitcoord.landing.across.model import AcrossContext
from gitcoord.landing.context import LandingContext
from gitcoord.landing.dry_run import Preview, preview
from gitcoord.tasks.model import TaskId

_PASSES = 2
"""The number of rounds over the repositories.

If one of them defers a task, those before it are simulated again without that task.
"""


def preview_across(across: AcrossContext, contexts: Mapping[str, LandingContext]) -> dict[str, Preview]:
    """Returns the preview of each repository; a task that one repository defers waits in the others."""
    found: dict[str, Preview] = {}
    held: dict[str, frozenset[TaskId]] = {}
    for _ in range(_PASSES):
        for name in across.names:
            others = (one.deferred for other, one in found.items() if other != name)
            later = across.tasks_in(name).intersection(frozenset[TaskId]().union(*others))
            if held.get(name) != later:
                only = across.tasks_in(name) - later if later else None
                found[name] = preview(msgspec.structs.replace(contexts[name], only=only))
                held[name] = later
    return found
