"""One run in one clone: connects the session of the run with its engine, its actions and the screen."""

import os
from typing import TYPE_CHECKING

from gitcoord.cli.context import ALONE, Context
from gitcoord.cli.planning.plan_making import PlanProposal
from gitcoord.cli.running.open_engine import open_engine, require_engine
from gitcoord.cli.running.run_options import (
    RunRequest,
    landing_check,
    run_options,
    slots,
    worker_options,
)
from gitcoord.cli.running.run_plan import keep_plan
from gitcoord.cli.time_options import seconds
from gitcoord.cli.views.dashboard.run_screen import RunScreen
from gitcoord.cli.views.event_json import event_feed
from gitcoord.conflicts.rules import Rulebook
from gitcoord.run.capacity import CapacityMeter
from gitcoord.run.conflict_watch import Watch
from gitcoord.run.effects import RunEffects
from gitcoord.run.landing import LandingThread
from gitcoord.run.launch import AttemptLauncher
from gitcoord.run.log_retention import OldLogs
from gitcoord.run.observe import RunView
from gitcoord.run.run_report import RunEnd
from gitcoord.run.session import RunSession
from gitcoord.schedule.model import Capacity
from gitcoord.worker.attempt.paths import run_directory

if TYPE_CHECKING:
    from gitcoord.cli.views.dashboard.dashboard import Dashboard
from gitcoord.cli.context import open_context
from gitcoord.cli.landing.check_options import with_checker
from gitcoord.cli.landing.merge_options import make_landing_context
from gitcoord.cli.running.run_options import landing_options
from gitcoord.notices import Tell
from gitcoord.run.landing import LevelWish, Reasons
from gitcoord.tasks.model import TaskId
from gitcoord.worker.subtasks import hand_in_whole
from gitcoord.worker.task_context import load_task_context


class CloneRun:
    """One run in one clone."""

    def __init__(self, context: Context, request: RunRequest, proposal: PlanProposal) -> None:
        run, plan = context.settings.run, proposal.plan
        max_parallel = slots(request.max_parallel, plan.max_parallel)
        directory = run_directory(context.repository.common_dir, plan.generation)
        engine = open_engine(context, directory, plan.generation, request.engine)
        self.options = run_options(request, run, plan)
        self.lands = request.land
        check = landing_check(request, context.settings) if request.land else None
        self.check = check.command.text if check is not None else ""
        self.proves_only_text = request.land and check is None
        self._context = context
        self._request = request
        self._proposal = proposal
        self._engine = engine
        self._actions = RunActions(context, request)
        workers = worker_options(request, run, engine=engine.name, slots=max_parallel)
        environment = {ALONE: "1"} if ALONE in os.environ else {}
        self._launcher = AttemptLauncher(context.repository, run, workers, environment)
        self._session = RunSession(
            context.store, engine, self.options, run, directory, max_parallel=max_parallel
        )
        self._meter = CapacityMeter(
            engine,
            max_parallel=max_parallel,
            token_budget=self.options.token_budget,
            stagger=seconds(request.stagger or run.stagger or None),
        )

    def first_view(self) -> RunView:
        """Observes the work without starting anything: before the run, and after it."""
        return self._session.look(self._proposal.plan)

    def capacity(self, view: RunView) -> Capacity:
        """Returns the capacity for attempts now."""
        return self._meter.measure(view)

    def old_logs(self, view: RunView) -> OldLogs:
        """Finds the logs that exceed the limits of the settings, in age or in size."""
        return self._session.old_logs(view)

    def run(self, dashboard: "Dashboard") -> RunEnd:
        """Runs until no task can continue. Raises `already-running` (exit 1) or `engine-refused` (exit 3)."""
        require_engine(self._engine)
        tell = dashboard.tell
        with self._session.alone() as signals:
            before = self.first_view()
            dashboard.skip(before.events)
            feed = event_feed(self._context.settings.run, before.events, tell)
            screen = RunScreen(dashboard, signals, feed)
            self._session.remove_old_logs(before, tell)
            keep_plan(self._context, self._proposal, tell)
            landing = LandingThread(self._actions.land, tell) if self.lands else None
            return self._session.run(
                self._effects(screen),
                landing,
                signals,
                delete_branches=self._request.delete_branches,
                show_end=lambda: screen.end(self.first_view()),
            )

    def sync_list(self) -> None:
        """Sets the status of landed tasks in the task list, if the settings ask for it."""
        from gitcoord.cli.planning.list_sync import sync_after_landing

        sync_after_landing(self._context)

    def _effects(self, screen: RunScreen) -> RunEffects:
        settings, repository = self._context.settings, self._context.repository
        return RunEffects(
            capacity=self._meter.measure,
            launch=self._launcher.launch,
            hand_in=self._actions.hand_in,
            clear=self._session.leftovers.clear,
            tell=screen.dashboard.tell,
            show=screen.draw,
            clashes=Watch(repository, Rulebook(settings.rules, settings.ignore), settings.run.worktrees),
        )


class RunActions:
    """The actions of one run."""

    def __init__(self, context: Context, request: RunRequest) -> None:
        self._context = context
        self._request = request

    def hand_in(self, task: TaskId) -> bool:
        """Submits a parent if its subtasks are done. Returns whether it did."""
        context = self._context
        task_context = load_task_context(
            context.repository, context.shared, context.store, task, context.settings
        )
        return hand_in_whole(task_context) is not None

    def land(self, wish: LevelWish, tell: Tell) -> Reasons:
        """Lands the tasks of a level that can land; returns the reason why each of the others waits.

        The run calls it in a thread of its own.
        """
        from gitcoord.landing.loop import Lander
        from gitcoord.landing.reorder_by_conflicts import with_real_order

        context = open_context(self._context.repository.git.directory)
        context.repository.read_in_process()
        context.store.refresh()
        plan = context.store.require_plan()
        options = landing_options(self._request, context.settings, plan, partial=wish.partial)
        landing_context = make_landing_context(
            context, plan, wish.level, options, forge=self._request.forge, repository=None
        )
        landing_context = with_real_order(landing_context, save=True)
        with with_checker(landing_context, context, tell, slots=self._request.slots) as landing_context:
            report = Lander(landing_context, tell).land()
        return {one.task: one.reason for one in report.waiting}
