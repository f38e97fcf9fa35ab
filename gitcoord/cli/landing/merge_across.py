"""The repositories, forges and checks for `merge-level` and `rollback` over several repositories."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import msgspec

from gitcoord.cli.across.repositories import Repositories
from gitcoord.cli.context import Context
from gitcoord.cli.landing.across_options import MakeOptions
from gitcoord.cli.landing.check_options import CheckArguments, make_check_options, open_maker, with_checker
from gitcoord.cli.levels import find_level
from gitcoord.cli.open_forge import open_forge
from gitcoord.cli.views.notices import notice_sentence
from gitcoord.cli.views.output import clean, say
from gitcoord.errors import in_repository
from gitcoord.forge.pull_requests import Forge
from gitcoord.git.base_branch import no_such_base
from gitcoord.git.git_cli import Oid
from gitcoord.landing.across.model import AcrossContext
from gitcoord.landing.context import LandingContext
from gitcoord.landing.proof import CheckOptions
from gitcoord.landing.reorder_by_conflicts import with_real_order
from gitcoord.landing.rollback.loop import Rollbacker
from gitcoord.landing.rollback.model import RollbackContext, RollbackReport
from gitcoord.level_events import LevelAcross
from gitcoord.notices import AnyNotice, Tell
from gitcoord.planning.parts import HOME, in_dependency_order, landed_everywhere

if TYPE_CHECKING:
    from gitcoord.planning.model import PlannedLevel


class AcrossRun:
    """The repositories in which a level lands, with their forges; `closing` ends their checkers."""

    def __init__(
        self,
        several: Repositories,
        make: MakeOptions,
        check: CheckOptions | None,
        closing: ExitStack,
    ) -> None:
        self.several = several
        self.plan = several.plan()
        self.members = several.members(self.plan)
        self._make = make
        self._check = check
        self._closing = closing
        self._forges: dict[str, Forge] = {}
        self._checkers: dict[str, LandingContext] = {}
        self._level: PlannedLevel | None = None

    def across_context(self, requested_level: str | None) -> AcrossContext:
        """Returns the context of the requested level, or of the first one that has not landed everywhere."""
        landed = self.several.update_parts(self.plan)
        self._level = find_level(self.plan, requested_level, landed_everywhere(self.plan, landed))
        names = [
            name
            for name in self.members
            if any(name in self.plan.tasks[task].repositories for task in self._level.tasks)
        ]
        return AcrossContext(plan=self.plan, level=self._level, names=in_dependency_order(self.plan, names))

    def context(self, name: str, *, save: bool = True) -> LandingContext:
        """See `RepositoryAccess.context`."""
        context = self.members[name]
        context.store.refresh()
        part = context.store.require_plan()
        level = self._level
        number = -1 if level is None else level.number
        own = next(one for one in part.levels if one.number == number)
        made = LandingContext(
            repository=context.repository,
            shared=context.shared,
            store=context.store,
            forge=self.forge(name),
            plan=part,
            level=own,
            options=self._make(part, context, self._own_check(name)),
        )
        made = with_real_order(made, save=save)
        if not save:
            return made
        if name not in self._checkers:
            self._checkers[name] = self._closing.enter_context(
                with_checker(made, context, self.tell(name), slots=None)
            )
        known = self._checkers[name]
        return msgspec.structs.replace(made, checker=known.checker, maker=known.maker)

    def _own_check(self, name: str) -> CheckOptions | None:
        """Returns a repository's own check; None for home, whose check runs over all repositories."""
        return None if name == HOME else make_check_options(self.members[name].settings, CheckArguments())

    def forge(self, name: str) -> Forge:
        """See `RepositoryAccess.forge`."""
        if name not in self._forges:
            with in_repository(name):
                self._forges[name] = open_forge(self.members[name])
        return self._forges[name]

    def tell(self, name: str) -> Tell:
        """See `RepositoryAccess.tell`."""

        def tell(notice: AnyNotice) -> None:
            sentence = notice_sentence(notice)
            if sentence:
                say(f"{name}: {sentence}")

        return tell

    def last_event(self, level: str) -> LevelAcross | None:
        """See `RepositoryAccess.last_event`."""
        entries = reversed(self.several.store.journal())
        events = (entry.event for entry in entries if isinstance(entry.event, LevelAcross))
        return next((event for event in events if event.task == level), None)

    def record(self, event: LevelAcross) -> None:
        """See `RepositoryAccess.record`."""
        self.several.store.record(event)
        say(clean(event.sentence()))

    def update_parts(self) -> None:
        """See `RepositoryAccess.update_parts`."""
        self.several.refresh()
        self.several.update_parts(self.plan)

    def check(self, commits: Mapping[str, Oid]) -> str:
        """See `RepositoryAccess.check`."""
        if self._check is None:
            return ""
        from gitcoord.worker.checking.side_by_side import SideBySideCheck

        contexts = self.several.contexts
        everywhere = {name: commits.get(name) or _tip(context) for name, context in contexts.items()}
        command = self._check.command
        say(f"checking {', '.join(everywhere)} side by side: {clean(command.text)}")
        repositories = {name: context.repository for name, context in contexts.items()}
        run = self.several.home.settings.run
        result = SideBySideCheck(repositories, command, run).check(everywhere)
        if result.outcome == "passed":
            return ""
        return f"the check of all repositories side by side failed: {result.reason}"

    def rehearse_rollback(self, name: str) -> None:
        """See `RepositoryAccess.rehearse_rollback`."""
        self.rehearsed(name)

    def roll_back(self, name: str) -> str:
        """See `RepositoryAccess.roll_back`."""
        report = self.rolled_back(name)
        return f"pull request {report.pull} waits: {report.reason}" if report.state == "waiting" else ""

    def rolled_back(self, name: str) -> RollbackReport:
        """Rolls the level back in one repository."""
        with in_repository(name):
            return self._rollbacker(name).roll_back()

    def rehearsed(self, name: str) -> RollbackReport:
        """Returns what a rollback of the level would do in one repository."""
        with in_repository(name):
            return self._rollbacker(name).rehearse()

    def _rollbacker(self, name: str) -> Rollbacker:
        context, level = self.members[name], self._level
        context.store.refresh()
        plan = context.store.require_plan()
        maker = self._closing.enter_context(open_maker(context))
        return Rollbacker(
            RollbackContext(
                repository=context.repository,
                shared=context.shared,
                store=context.store,
                forge=self.forge(name),
                plan=plan,
                levels=(-1 if level is None else level.number,),
                method=context.settings.method,
                rules=context.settings.rules,
                maker=maker,
            ),
            self.tell(name),
        )


def _tip(context: Context) -> Oid:
    base = context.base()
    tip = context.shared.branch(base)
    if tip is None:
        raise no_such_base(context.shared, base)
    return tip
