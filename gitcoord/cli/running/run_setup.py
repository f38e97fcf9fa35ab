"""Prepares a run from the options of `gitcoord run`."""

import os
from typing import TYPE_CHECKING

import msgspec

from gitcoord.cli.across.home_engines import use_given_engines
from gitcoord.cli.context import ALONE, Context, open_context
from gitcoord.cli.landing.base_settings import require_check_of
from gitcoord.cli.planning.plan_making import PlanProposal
from gitcoord.cli.running.open_engine import open_engine, require_engine
from gitcoord.cli.running.run_effects import RunActions
from gitcoord.cli.running.run_options import (
    RunRequest,
    check_words,
    known_agent,
    landing_check,
    run_options,
    slots,
    worker_options,
)
from gitcoord.cli.running.run_plan import keep_plan, plan_of_run
from gitcoord.cli.time_options import seconds
from gitcoord.cli.views.dashboard.run_screen import RunScreen
from gitcoord.cli.views.event_json import event_feed
from gitcoord.conflicts.rules import Rulebook
from gitcoord.errors import usage_error
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
from gitcoord.worker.attempt.prompt.template import read_template

if TYPE_CHECKING:
    from gitcoord.cli.views.dashboard.dashboard import Dashboard


def set_up(request: RunRequest) -> "Setup":
    """Prepares the run. Raises (exit 2) if something is missing or options cannot be used together."""
    context = open_context(restores=True)
    use_given_engines(context)
    context.repository.require_history()
    context.repository.require_signer()
    run = context.settings.run
    if not (run.agent if request.agent is None else request.agent):
        raise usage_error(
            "no-agent",
            "There is no agent for the tasks.",
            "Add `--agent 'COMMAND'`, or set `agent` under [run] in the settings.",
        )
    check_words(request, run)
    read_template(context.repository.root, run.prompt)
    shell = run.shell if request.shell is None else request.shell
    if request.engine.engine_of(run.engine) == "local":
        request = msgspec.structs.replace(request, agent=known_agent(context, request.agent, shell=shell))
    proposal = plan_of_run(context, request)
    if request.land and request.land_check and landing_check(request, context.settings) is None:
        require_check_of(context, proposal.plan.base)
    return Setup(context, request, proposal)


class Setup:
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
        """Observes the work while nothing is started: before the run, and after it."""
        return self._session.look(self._proposal.plan)

    def capacity(self, view: RunView) -> Capacity:
        """Measures how much may run now."""
        return self._meter.measure(view)

    def old_logs(self, view: RunView) -> OldLogs:
        """Finds the logs that are older than the settings keep."""
        return self._session.old_logs(view)

    def run(self, dashboard: "Dashboard") -> RunEnd:
        """Runs until no task can continue. Raises `already-running` (exit 1)."""
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
