"""The documents of a plan over several repositories, by the repository's name."""

from typing import Any, TypedDict

import msgspec

from gitcoord.cli.documents.conflict_types import ConflictsDocument
from gitcoord.cli.documents.types import CheckoutPreview
from gitcoord.cli.status_document import StatusDocument
from gitcoord.landing.rollback.model import RollbackReport
from gitcoord.tasks.model import TaskId
from gitcoord.worker.task_context import Checkout

_CONFLICTS: Any = dict[str, ConflictsDocument]


class CheckoutEverywhere(TypedDict):
    """Where the worker is in each repository; `branch` is the same in all."""

    task: str
    branch: str
    repositories: dict[str, Checkout]


class PreviewEverywhere(TypedDict):
    """What `gitcoord checkout --dry-run` would check out in each repository."""

    task: str
    branch: str
    repositories: dict[str, CheckoutPreview]


class SubmitEverywhere(TypedDict):
    """The repositories in which the task was submitted."""

    task: str
    repositories: list[str]


class ConflictsEverywhere(TypedDict):
    """What a level's branches do to each other in each repository."""

    level: str
    repositories: _CONFLICTS


class LevelEverywhere(msgspec.Struct, frozen=True, kw_only=True, rename={"inside": "in", "outside": "out"}):
    """How much of a level has landed: the tasks that are in, and out, by repository."""

    name: str
    landed: bool
    inside: dict[str, tuple[TaskId, ...]]
    outside: dict[str, tuple[TaskId, ...]]


class ShareEverywhere(TypedDict):
    """How many tasks have landed in all of their repositories."""

    tasks: int
    landed: int


class StatusEverywhere(TypedDict):
    """Where every task stands; `half_in`: tasks that landed in some of their repositories, and the others."""

    tag: str
    levels: list[LevelEverywhere]
    half_in: dict[TaskId, list[str]]
    progress: ShareEverywhere
    repositories: dict[str, StatusDocument]


class StepsEverywhere(TypedDict):
    """The steps of landing a level in each repository, in sentences."""

    level: str
    repositories: dict[str, list[str]]


class RollbackEverywhere(TypedDict):
    """What was rolled back of a level in each repository."""

    level: str
    repositories: dict[str, RollbackReport]
