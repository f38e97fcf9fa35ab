"""One of many workers: `main(WHAT, CLONE, …)`, with `record`, `plan` or `change`."""

from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now
from gitcoord.events import WavesSaved
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import Finding
from tests.state.world import plan_of, started, store_of
from tests.support.repos import Repo


def with_warning(plan: Plan, name: str) -> Plan:
    """The plan with one more warning: a change that only adds."""
    warnings = (*plan.warnings, Finding(code="change", message=name))
    return msgspec.structs.replace(plan, warnings=warnings)


def main(what: str, clone: str, *rest: str) -> None:
    store = store_of(Repo(Path(clone)))
    if what == "record":
        task, name = rest
        print(store.record(started(task, by=name)))
    elif what == "change":
        store.change_plan(
            lambda plan: with_warning(plan, rest[0]),
            lambda plan: WavesSaved(at=now(), by=rest[0], level="level-0", waves=()),
        )
    else:
        try:
            print(store.save_plan(plan_of([[["1", "2"]]], title=rest[0])))
        except GitcoordError as error:
            print(error.code)
