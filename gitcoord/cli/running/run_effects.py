"""The actions of a run: starts attempts, submits parents, lands levels."""

import os
from collections.abc import Mapping

from gitcoord.cli.context import ALONE, Context, open_context
from gitcoord.cli.landing.check_options import with_checker
from gitcoord.cli.landing.merge_options import make_landing_context
from gitcoord.cli.running.run_options import RunRequest, landing_options, run_order
from gitcoord.cli.time_options import limit
from gitcoord.engines.engine import Launch, key_of
from gitcoord.notices import Tell
from gitcoord.run.landing import LevelWish, Reasons
from gitcoord.run.observe import RunView
from gitcoord.schedule.model import UnitStart
from gitcoord.tasks.model import TaskId
from gitcoord.worker.attempt.request import worker_argv
from gitcoord.worker.subtasks import hand_in_whole
from gitcoord.worker.task_context import load_task_context

_WORKER_HANGS = 120
"""Seconds after its time limit until a worker, which keeps the limit itself, counts as hanging."""


class RunActions:
    """The actions of one run. `max_parallel`: None lets the machine decide."""

    def __init__(self, context: Context, request: RunRequest, engine: str, max_parallel: int | None) -> None:
        self._context = context
        self._request = request
        self._engine = engine
        self._max_parallel = max_parallel

    def launch(self, view: RunView, start: UnitStart, number: int, waited: Mapping[str, float]) -> Launch:
        """Returns the launch of attempt `number` for the unit that starts."""
        run, repository = self._context.settings.run, self._context.repository
        order = run_order(
            self._request,
            run,
            start,
            number,
            engine=self._engine,
            slots=self._max_parallel,
            tokens=view.units.by_id[start.unit].tokens or None,
            waited=waited,
        )
        timeout = limit(run.timeout if self._request.timeout is None else self._request.timeout)
        return Launch(
            key=key_of(start.unit, number),
            argv=("gitcoord", *worker_argv(order)),
            directory=str(repository.root or repository.common_dir),
            environment={ALONE: "1"} if ALONE in os.environ else {},
            seconds=None if timeout is None else timeout + _WORKER_HANGS,
            grace=run.grace + 10,
            memory=(run.memory_megabytes << 20) or None,
            secrets=run.pass_environment,
        )

    def hand_in(self, task: TaskId) -> bool:
        """Submits a parent if its subtasks are done. Returns whether it did."""
        context = self._context
        task_context = load_task_context(
            context.repository, context.shared, context.store, task, context.settings
        )
        return hand_in_whole(task_context) is not None

    def land(self, wish: LevelWish, tell: Tell) -> Reasons:
        """Lands the tasks of a level that can land; returns why the others wait. Runs in its own thread."""
        from gitcoord.landing.landing_order import with_real_order
        from gitcoord.landing.loop import Lander

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
