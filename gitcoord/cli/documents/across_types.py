"""The documents of a plan over several repositories, by the repository's name."""

from typing import Any, Generic, TypedDict, TypeVar

import msgspec

from gitcoord.cli.documents.conflict_types import ConflictsDocument
from gitcoord.cli.documents.types import CheckoutPreview
from gitcoord.cli.status.status_document import StatusDocument
from gitcoord.landing.rollback.model import RollbackReport
from gitcoord.progress.make_picture import Picture
from gitcoord.tasks.model import TaskId
from gitcoord.worker.task_context import Checkout

_CONFLICTS: Any = dict[str, ConflictsDocument]


Document = TypeVar("Document")


class Everywhere(TypedDict, Generic[Document]):
    """The documents of all repositories of a plan, by name."""

    repositories: dict[str, Document]


class RepositoryPicture(Picture, frozen=True, kw_only=True):
    """The dashboard of one of several repositories."""

    repository: str


class CheckoutEverywhere(TypedDict):
    """The worker's checkout in each repository; `branch` is the same in all."""

    task: str
    branch: str
    repositories: dict[str, Checkout]


class PreviewEverywhere(TypedDict):
    """The checkout in each repository that `gitcoord checkout --dry-run` announces."""

    task: str
    branch: str
    repositories: dict[str, CheckoutPreview]


class SubmitEverywhere(TypedDict):
    """The repositories in which the task was submitted, also those in which it conflicts."""

    task: str
    repositories: list[str]


class ConflictsEverywhere(TypedDict):
    """The conflicts between a level's branches in each repository."""

    level: str
    repositories: _CONFLICTS


class LevelEverywhere(msgspec.Struct, frozen=True, kw_only=True, rename={"inside": "in", "outside": "out"}):
    """A level's landed tasks (`in`) and open tasks (`out`) by repository."""

    name: str
    landed: bool
    inside: dict[str, tuple[TaskId, ...]]
    outside: dict[str, tuple[TaskId, ...]]


class ShareEverywhere(TypedDict):
    """The number of tasks, and of those that have landed in all of their repositories."""

    tasks: int
    landed: int


class StatusEverywhere(TypedDict):
    """The state of every task; `half_in`: for a task that landed only in part, the repositories that lack it.

    `rolling_back`: levels whose rollback is not complete.
    """

    tag: str
    levels: list[LevelEverywhere]
    half_in: dict[TaskId, list[str]]
    rolling_back: list[str]
    progress: ShareEverywhere
    repositories: dict[str, StatusDocument]


class StepsEverywhere(TypedDict):
    """The steps of landing a level in each repository, in sentences."""

    level: str
    repositories: dict[str, list[str]]


class RollbackEverywhere(TypedDict):
    """The rollback of a level in each repository."""

    level: str
    repositories: dict[str, RollbackReport]
