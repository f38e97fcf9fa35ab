"""Lands adopted heads for `gitcoord land`: shows them, asks for a confirmation, lands them."""

from typing import Any

import msgspec
import typer

from gitcoord.adoption.adopt import draft_plan, save_plan
from gitcoord.adoption.model import Adoption
from gitcoord.cli.confirm import confirmed
from gitcoord.cli.conflicts.level_check import check
from gitcoord.cli.conflicts.level_inputs import CheckRequest
from gitcoord.cli.context import Context
from gitcoord.cli.landing.adopted import adopted_inputs, excluded_lines, heads_word, push_lines
from gitcoord.cli.landing.base_settings import require_check_of
from gitcoord.cli.landing.check_options import with_checker
from gitcoord.cli.views.conflicts import report_parts
from gitcoord.cli.views.landing import ONLY_TEXT, show_report
from gitcoord.cli.views.notices import say_notice
from gitcoord.cli.views.output import clean, emit, emit_json, plain, say, show
from gitcoord.errors import GitcoordError
from gitcoord.forge.pull_requests import Forge
from gitcoord.landing.context import LandingContext
from gitcoord.landing.defer_task import take_again
from gitcoord.landing.dry_run import preview
from gitcoord.landing.loop import Lander
from gitcoord.landing.model import Options
from gitcoord.landing.reorder_by_conflicts import with_real_order
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.state.store import Store


class HeadsLanding:
    """One run of `gitcoord land` for the heads that it found."""

    def __init__(
        self,
        context: Context,
        adoption: Adoption,
        store: Store,
        forge: Forge,
        options: Options,
        *,
        as_json: bool,
    ) -> None:
        self._context = context
        self._adoption = adoption
        self._store = store
        self._forge = forge
        self._options = options
        self._as_json = as_json

    def run(self, *, yes: bool, dry_run: bool, slots: int | None, recheck: bool, no_check: bool) -> None:
        """Shows the heads, asks for a confirmation, and lands them; for a dry run, shows the steps instead.

        Exit code 1 if nothing can land, or if after the landing a head is left out, is deferred or waits.
        """
        if not self._adoption.heads:
            self._nothing(dry_run=dry_run)
            return
        if self._options.check is None and not no_check:
            require_check_of(self._context, self._adoption.base)
        shared, strategy = self._context.shared, self._options.strategy
        shared.expect(self._adoption.pushes)
        draft = self._landing_context(*draft_plan(self._store, shared, self._adoption, strategy))
        if dry_run:
            self._show(draft, to_stdout=not self._as_json)
            self._show_steps(with_real_order(draft, save=False))
            return
        if not (yes and self._as_json):
            self._show(draft, to_stdout=False)
        if not confirmed(f"Land {heads_word(self._adoption)} on {self._adoption.base}?", yes=yes):
            say("Landed nothing.")
            return
        self._push()
        context = self._landing_context(*save_plan(self._store, shared, self._adoption, strategy))
        self._land(with_real_order(context, save=True), slots=slots, recheck=recheck)

    def _nothing(self, *, dry_run: bool) -> None:
        if self._as_json:
            schema = "landing-preview" if dry_run else "landing"
            emit_json(schema, {"level": None, "steps": []} if dry_run else {"level": None}, self._also())
        for line in excluded_lines(self._adoption):
            (say if self._as_json else emit)(line)
        say("There is nothing left to land." if self._is_settled() else "Nothing can land.")
        if not self._is_settled():
            raise typer.Exit(1)

    def _is_settled(self) -> bool:
        return all(one.settled for one in self._adoption.excluded)

    def _also(self) -> dict[str, Any]:
        return {"excluded": msgspec.to_builtins(self._adoption.excluded)}

    def _landing_context(self, plan: Plan, level: PlannedLevel) -> LandingContext:
        commits = {head.branch: head.commit for head in self._adoption.heads}
        return LandingContext(
            repository=self._context.repository,
            shared=self._context.shared,
            store=self._store,
            forge=self._forge,
            plan=plan,
            level=level,
            options=self._options,
            shown={task: commits[plan.tasks[task].branch] for task in level.tasks},
            spent=self._adoption.spent,
        )

    def _show(self, context: LandingContext, *, to_stdout: bool) -> None:
        """Prints the heads, their conflicts, and the excluded heads."""
        request = CheckRequest(serialize_on=self._options.serialize_on, ignore=self._options.ignore)
        checked = check(self._context, request, adopted_inputs(context.plan, context.level, self._adoption))
        show(*report_parts(checked, request), stderr=not to_stdout)
        lines = (*push_lines(self._adoption, self._context.shared.remote), *excluded_lines(self._adoption))
        for line in lines:
            show(plain(line), soft_wrap=True, stderr=not to_stdout)

    def _show_steps(self, context: LandingContext) -> None:
        steps = preview(context, fetch=False).steps
        if self._as_json:
            emit_json("landing-preview", {"level": context.level.name, "steps": steps}, self._also())
        else:
            for step in steps:
                emit(clean(step))

    def _push(self) -> None:
        """Pushes branches of this clone. Raises `push-raced` if one has moved on the remote meanwhile."""
        if self._adoption.pushes and not self._context.shared.publish(self._adoption.pushes, hooks=True):
            raise GitcoordError(
                "push-raced",
                "Somebody else pushed to one of these branches at the same time; nothing was landed.",
                hint="Run the command again.",
            )

    def _land(self, context: LandingContext, *, slots: int | None, recheck: bool) -> None:
        if recheck:
            take_again(context)
        with with_checker(context, self._context, say_notice, slots=slots, recheck=recheck) as checking:
            report = Lander(checking, say_notice).land()
        if self._as_json:
            emit_json("landing", report, self._also())
        else:
            show_report(report, adopted=True)
        if report.landed and self._options.check is None:
            say(ONLY_TEXT)
        if not (report.complete and self._is_settled()):
            raise typer.Exit(1)
