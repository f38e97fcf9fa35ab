"""Opens the repository, its settings, the shared refs and the state for a command."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gitcoord.errors import GitcoordError, in_repository, usage_error
from gitcoord.git.base_branch import find_base
from gitcoord.git.locate_repository import RepositoryPlace, locate
from gitcoord.git.read_only import cannot_write, copied, is_writable
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.redact import register_variable
from gitcoord.settings import RepositorySettings, Settings
from gitcoord.settings_file import load_settings
from gitcoord.state.store import Store

if TYPE_CHECKING:
    from gitcoord.evidence.snapshot import Snapshot
    from gitcoord.planning.model import Plan
    from gitcoord.planning.risks import Risks
    from gitcoord.tasks.model import Finding, TaskId, TaskList

ALONE = "GITCOORD_ALONE"
"""The variable that makes commands act only on this repository's part of a plan over several."""


class AcrossRepositories(Protocol):
    """The functions that commands need for a plan over several repositories."""

    def assigned(self, listed: "TaskList") -> "TaskList":
        """Returns the list with the repositories of each task."""

    def by_repository(self, listed: "TaskList") -> "dict[str, tuple[Context, frozenset[TaskId]]]":
        """Returns the repositories of the list's tasks by name, each with the ids of its tasks."""

    def left_behind(self, listed: "TaskList") -> "list[Finding]":
        """Returns a warning for each task with unlanded work in a repository that it no longer names."""

    def members(self, plan: "Plan") -> "dict[str, Context]":
        """Returns the repositories in which tasks of the plan work."""

    def snapshots(self, plan: "Plan") -> "dict[str, Snapshot]":
        """Reads a snapshot of each repository from the refs of the last fetch."""

    def foretell(self, listed: "TaskList") -> "tuple[Risks, Finding | None]":
        """Predicts the risks of each repository's tasks from its history; also returns the first warning."""


class Context:
    """One command's repository, settings and state. `GITCOORD_STATE_PREFIX` overrides `state-prefix`.

    `name`: its name under [repositories]; empty for this repository. `environ` has variables for the forge.
    `several` is set if the command acts on a plan over several repositories. `engine_directories`: for each
    engine whose settings another repository has, the directory of that repository; paths and commands in
    these settings are relative to it.
    """

    def __init__(
        self, repository: Repository, settings: Settings, environ: Mapping[str, str] = os.environ
    ) -> None:
        self.repository = repository
        self.settings = settings
        self.environ = environ
        self.name = ""
        self.several: AcrossRepositories | None = None
        self.engine_directories: Mapping[str, Path] = {}
        prefix = os.environ.get("GITCOORD_STATE_PREFIX") or settings.state_prefix
        self.shared = SharedRefs(repository, prefix)
        self.store = Store(repository, self.shared)

    def base(self, requested: str | None = None) -> str:
        """Returns the base branch: `requested`, else the settings', else the repository's default."""
        with in_repository(self.name):
            return find_base(self.shared, requested or self.settings.base)


def open_context(
    start: Path | None = None, *, reads: bool = False, restores: bool = False, several: bool = False
) -> Context:
    """Opens the context of the current directory. Raises `no-repository`, `old-git` or `bad-settings`.

    Raises `several-repositories` (exit 2) if the settings name other repositories and the command does not
    support `several`.

    A command that only `reads` also works in a read-only repository; all others raise `read-only` there. One
    that `restores` first undoes changes of killed attempts to git's configuration: they may have removed the
    remote. It also undoes changes of running attempts that hide the worktree.
    """
    place = locate(start)
    if not is_writable(place):
        if not reads:
            raise cannot_write(place)
        place = copied(place)
    if restores and _restore(place):
        place = locate(start)
    settings = load_settings(place.root)
    for given in settings.repositories.values():
        if isinstance(given, RepositorySettings) and given.token:
            register_variable(given.token)
    if not several and acts_across(settings):
        raise _not_across(settings)
    rules = settings.rules
    return Context(place.open(settings.remote, rules.union, regenerated=rules.regenerate), settings)


def acts_across(settings: Settings) -> bool:
    """Whether commands here act on a plan over several repositories."""
    return bool(settings.repositories) and not os.environ.get(ALONE)


def _not_across(settings: Settings) -> GitcoordError:
    """Returns the error of a command that does not support several repositories."""
    from typer._click.globals import get_current_context

    running = get_current_context(silent=True)
    name = running.info_name if running is not None else "this command"
    return usage_error(
        "several-repositories",
        f"`gitcoord {name}` does not work on a plan over several repositories (home, "
        f"{', '.join(settings.repositories)}) yet.",
        "Run it in the clone of one repository; `gitcoord help repositories` lists the commands that do.",
    )


def _restore(place: RepositoryPlace) -> bool:
    """Undoes changes of attempts to git's configuration; returns whether there were any."""
    from gitcoord.cli.views.notices import killed_sentence, running_sentence
    from gitcoord.cli.views.output import say
    from gitcoord.worker.attempt.shared_config import (
        FINDS_WORKTREE,
        put_back_of_others,
        put_back_of_the_dead,
    )

    found = False
    for attempt, keys in put_back_of_the_dead(place.git, place.common_dir):
        say(killed_sentence(attempt, keys))
        found = True
    if place.root is None:
        for attempt, keys in put_back_of_others(place.git, place.common_dir, None, FINDS_WORKTREE):
            say(running_sentence(attempt, keys))
            found = True
    return found


def maybe_context(start: Path | None = None, *, reads: bool = False, several: bool = False) -> Context | None:
    """Opens the context; returns None outside a git repository."""
    try:
        return open_context(start, reads=reads, several=several)
    except GitcoordError as error:
        if error.code == "no-repository":
            return None
        raise
