"""Worlds of landing as plain values, for tests of decisions."""

import msgspec

from gitcoord.forge.pull_requests import Pull
from gitcoord.landing.loop_memory import LandingMemory
from gitcoord.landing.model import LandingSnapshot, LevelBranch, MergeReadiness, TaskState

LEVEL_BRANCH = "feature/level-0-implementation"


def pull(number: int, head: str) -> Pull:
    return Pull(number=number, head=head, head_commit="h", base="main", state="open")


def work(id: str, standing: str = "ready", **more: object) -> TaskState:
    branch = f"task-{id}"
    fields = {
        "head": f"head-{id}",
        "recorded": f"head-{id}",
        "wave": 1,
        "pull": pull(int(id), branch),
        "recorded_pull": int(id),
        **more,
    }
    return msgspec.convert(
        {"task": id, "title": f"Task {id}", "branch": branch, "standing": standing, **fields},
        TaskState,
        from_attributes=True,
    )


def world(*works: TaskState, branch: LevelBranch | None = None) -> LandingSnapshot:
    return LandingSnapshot(level="level-0", base="main", base_commit="base", works=works, level_branch=branch)


def level(tip: str | None = "tip", **more: object) -> LevelBranch:
    return LevelBranch(name=LEVEL_BRANCH, tip=tip, **more)  # type: ignore[arg-type]


def memory(impatient: bool = True, **details: MergeReadiness) -> LandingMemory:
    kept = LandingMemory.empty()
    kept.impatient = impatient
    for id, found in details.items():
        number = id.removeprefix("t")
        kept.details[f"task-{number}", f"head-{number}", "base"] = found
    return kept
