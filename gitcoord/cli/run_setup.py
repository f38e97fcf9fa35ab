"""From the words of `gitcoord run` to the values and hands that a run takes."""

import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec

from gitcoord.cli.check_options import with_checker
from gitcoord.cli.context import Context, open_context
from gitcoord.cli.list_changes import list_changes
from gitcoord.cli.merge_options import make_landing_context
from gitcoord.cli.open_engine import open_engine, require_engine
from gitcoord.cli.plan_making import PlanProposal
from gitcoord.cli.plan_saving import save
from gitcoord.cli.run_edges import alone, told
from gitcoord.cli.run_options import (
    RunRequest,
    check_words,
    known_agent,
    landing_check,
    landing_options,
    make_missing_plan,
    run_order,
    slots,
)
from gitcoord.cli.time_options import limit, seconds
from gitcoord.cli.views.dashboard.run_screen import RunScreen
from gitcoord.cli.views.event_json import event_feed
from gitcoord.cli.views.output import warn
from gitcoord.conflicts.rules import Rulebook
from gitcoord.engines.engine import Launch, key_of
from gitcoord.errors import answer_no, usage_error
from gitcoord.events import RunChanged
from gitcoord.notices import LogsRemoved, PlanKept, Tell
from gitcoord.run.attempt_policy import AttemptLimits
from gitcoord.run.capacity import ResourceNeeds, automatic, free_memory, measure, tokens_each
from gitcoord.run.cleanup import Leftovers, clear_up
from gitcoord.run.conflict_watch import Watch
from gitcoord.run.effects import RunEffects, RunOptions
from gitcoord.run.landing import LandingThread, LevelWish, Reasons
from gitcoord.run.log_retention import OldLogs, find_old_logs, remove_old_logs
from gitcoord.run.loop import Coordinator
from gitcoord.run.observe import Observer, View
from gitcoord.run.polling import PollIntervals, Signals
from gitcoord.run.run_report import RunEnd
from gitcoord.schedule.model import Capacity, Policy, UnitStart
from gitcoord.state.accounts import account_of
from gitcoord.state.journal import now, worker_name
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.paths import run_directory
from gitcoord.worker.attempt.prompt_template import read_template
from gitcoord.worker.attempt.request import worker_argv
from gitcoord.worker.branch_names import require_free_names
from gitcoord.worker.subtasks import hand_in_whole
from gitcoord.worker.task_context import load_task_context
from gitcoord.worker.transient_errors import try_for

if TYPE_CHECKING:
    from gitcoord.cli.views.dashboard.dashboard import Dashboard

_MOMENT = 20.0
"""Seconds that the first and the last word of a run wait for a remote that is busy."""


def set_up(asked: RunRequest) -> "Setup":
    """The run that was asked for. Raises (exit 2) for what is missing or does not go together."""
    context = open_context(restores=True)
    context.repository.require_history()
    context.repository.require_signer()
    if not (context.settings.run.agent if asked.agent is None else asked.agent):
        raise usage_error(
            "no-agent",
            "There is no command that does the tasks.",
            "Say `--agent 'COMMAND'`, or set `agent` under [run] in the settings.",
        )
    check_words(asked, context.settings.run)
    read_template(context.repository.root, context.settings.run.prompt)
    shell = context.settings.run.shell if asked.shell is None else asked.shell
    if not asked.hosts and (asked.engine or context.settings.run.engine) == "local":
        asked = msgspec.structs.replace(asked, agent=known_agent(context, asked.agent, shell=shell))
    context.store.refresh()
    saved = context.store.plan()
    made = PlanProposal(plan=saved) if saved is not None else make_missing_plan(context, asked)
    plan = made.plan
    if asked.tag and asked.tag != plan.tag:
        raise usage_error(
            "other-plan",
            f"The saved plan is for the tag {plan.tag}, not {asked.tag}.",
            f"Leave --tag out, or plan first: `gitcoord plan --tag {asked.tag}`.",
        )
    require_free_names(context.shared, plan, context.store.progress())
    if saved is not None and asked.tasks != "-" and not (asked.origin or "").endswith(":-"):
        warn(list_changes(context, saved, asked.tasks, asked.origin))
    return Setup(context, asked, made)


class Setup:
    """One run on this machine."""

    def __init__(self, context: Context, asked: RunRequest, made: PlanProposal) -> None:
        run, plan = context.settings.run, made.plan
        self._context = context
        self._asked = asked
        self._made = made
        self._plan = plan
        self._slots = slots(asked.max_parallel, plan.max_parallel)
        self._stagger = seconds(asked.stagger or run.stagger or None)
        self._budget = asked.token_budget or plan.token_budget
        self._timeout = limit(run.timeout if asked.timeout is None else asked.timeout)
        self._place = run_directory(context.repository.common_dir, plan.generation)
        self._engine = open_engine(context, self._place, plan.generation, asked.engine, asked.hosts)
        self._needs = ResourceNeeds()
        self._leftovers = Leftovers(context.store, run)
        self.lands = asked.land
        self.proves_only_text = asked.land and landing_check(asked, context.settings) is None
        self.policy = Policy(
            pipeline=asked.pipeline or asked.speculate,
            speculate=asked.speculate,
            barrier=asked.barrier,
            overlap=asked.overlap or run.overlap,
            independent_only=asked.independent_only,
            whole_waves=plan.strategy == "single-pr",
        )
        self.wishes = RunOptions(
            policy=self.policy,
            limits=AttemptLimits(
                retries=run.retries if asked.retries is None else asked.retries,
                rework=run.rework if asked.rework is None else asked.rework,
                same_failures=run.same_failures,
            ),
            token_budget=self._budget,
            wait=seconds(asked.wait),
            account=account_of(run),
        )

    def sync_list(self) -> None:
        """Tells the task list what has landed, where the settings ask for it."""
        from gitcoord.cli.list_sync import sync_after_landing

        sync_after_landing(self._context)

    def first_view(self) -> View:
        """How everything stands while nothing is started: before the run, and after it."""
        store, wishes = self._context.store, self.wishes
        account = wishes.account
        view = Observer(
            store, self._engine, wishes.limits, self._budget, unsaved=self._plan, account=account
        ).look(time.time(), None)
        return msgspec.structs.replace(view, seen=msgspec.structs.replace(view.seen, paused=False))

    def capacity(self, view: View) -> Capacity:
        """What this machine can take now."""
        if (free := self._engine.free()) is not None:
            return self._elsewhere(view, free)
        self._needs.learn([used for used in view.memory.values() if used])
        machine = measure()
        count = len(view.seen.running)
        auto = self._slots is None
        return Capacity(
            max_parallel=self._slots or automatic(machine, self._needs, count),
            token_budget=self._budget,
            tokens_each=tokens_each(view.events) if self._budget else 0,
            memory=free_memory(machine),
            memory_each=self._needs.each,
            load=machine.load if auto else None,
            stagger=self._stagger,
        )

    def _elsewhere(self, view: View, free: int) -> Capacity:
        """What an engine can take that limits itself: memory and load are its own."""
        count = len(view.seen.running)
        return Capacity(
            max_parallel=self._slots or max(1, count + free),
            token_budget=self._budget,
            tokens_each=tokens_each(view.events) if self._budget else 0,
            engine_free=free,
            stagger=self._stagger,
        )

    def run(self, dashboard: "Dashboard") -> RunEnd:
        """Runs until nothing can go on; raises `already-running` (exit 1)."""
        context = self._context
        require_engine(self._engine)
        with alone(self._place), Signals() as signals:
            before = self.first_view()
            dashboard.skip(before.events)
            feed = event_feed(context.settings.run, before.events, dashboard.tell)
            screen = RunScreen(dashboard, signals, feed)
            self._remove_old_logs(before, dashboard.tell)
            self._keep_plan(dashboard.tell)
            try_for(_MOMENT, partial(self._record, "running"))
            landing = LandingThread(self._land, dashboard.tell) if self.lands else None
            coordinator = Coordinator(
                context.store,
                self._engine,
                self.wishes,
                self._hands(screen),
                landing=landing,
                signals=signals,
                pace=PollIntervals(self._place),
            )
            end: RunEnd | None = None
            try:
                end = coordinator.run()
                branches = self._asked.delete_branches
                with told(dashboard.say, "Not everything could be cleared up"):
                    clear_up(self._leftovers, end, dashboard.tell, branches=branches)
            finally:
                reason = "stopped" if end is None or end.stopped else ""
                with told(dashboard.say, "That the run has ended could not be recorded"):
                    try_for(_MOMENT, partial(self._record, "ended", reason))
                with told(dashboard.say, "How everything stands could not be read"):
                    screen.end(self.first_view())
            return end

    def old_logs(self, view: View) -> OldLogs:
        """What attempts have left here that nobody needs any more, by the settings."""
        return find_old_logs(self._place, view, self._context.settings.run)

    def _remove_old_logs(self, view: View, tell: Tell) -> None:
        old = self.old_logs(view)
        remove_old_logs(old)
        if old.places:
            tell(LogsRemoved(count=len(old.places), size=old.size, left=old.left))

    def _keep_plan(self, tell: Tell) -> None:
        """Saves the plan if it was made for this run. Raises `plan-moved` (exit 1)."""
        store = self._context.store
        if store.plan() is not None:
            return
        store.refresh()
        if store.plan() not in (None, self._plan):
            raise answer_no("plan-moved", "Somebody saved another plan meanwhile.", "Run again to go by it.")
        save(self._context, self._made)
        tell(PlanKept())

    def _hands(self, screen: RunScreen) -> RunEffects:
        settings, repository = self._context.settings, self._context.repository
        watch = Watch(repository, Rulebook(settings.rules, settings.ignore), settings.run.worktrees)
        return RunEffects(
            capacity=self.capacity,
            launch=self._launch,
            hand_in=self._hand_in,
            clear=self._leftovers.clear,
            tell=screen.dashboard.tell,
            show=screen.draw,
            clashes=watch,
        )

    def _launch(self, view: View, start: UnitStart, number: int, waited: Mapping[str, float]) -> Launch:
        run = self._context.settings.run
        tokens = view.units.by_id[start.unit].tokens or None
        order = run_order(
            self._asked,
            run,
            start,
            number,
            engine=self._engine.name,
            slots=self._slots,
            tokens=tokens,
            waited=waited,
        )
        repository = self._context.repository
        return Launch(
            key=key_of(start.unit, number),
            argv=("gitcoord", *worker_argv(order)),
            directory=str(repository.root or repository.common_dir),
            # The worker keeps its own time; this is for one that hangs itself.
            seconds=None if self._timeout is None else self._timeout + 120,
            grace=run.grace + 10,
            memory=(run.memory_megabytes << 20) or None,
            secrets=run.pass_environment,
        )

    def _hand_in(self, task: TaskId) -> bool:
        context = self._context
        task_context = load_task_context(
            context.repository, context.shared, context.store, task, context.settings
        )
        return hand_in_whole(task_context) is not None

    def _land(self, wish: LevelWish, tell: Tell) -> Reasons:
        from gitcoord.landing.landing_order import with_real_order
        from gitcoord.landing.loop import Lander

        # A context of its own: this happens in another thread.
        context = open_context(self._context.repository.git.directory)
        context.store.refresh()
        plan = context.store.require_plan()
        options = landing_options(self._asked, context.settings, plan, partial=wish.partial)
        landing_context = make_landing_context(
            context, plan, wish.level, options, forge=self._asked.forge, repository=None
        )
        landing_context = with_real_order(landing_context, save=True)
        with with_checker(landing_context, context, tell, slots=self._asked.slots) as landing_context:
            report = Lander(landing_context, tell).land()
        return {one.task: one.reason for one in report.waiting}

    def _record(self, state: Literal["running", "ended"], reason: str = "") -> None:
        event = RunChanged(
            at=now(),
            by=worker_name(),
            state=state,
            engine=self._engine.name,
            max_parallel=self._slots or 0,
            reason=reason,
        )
        self._context.store.record(event)
