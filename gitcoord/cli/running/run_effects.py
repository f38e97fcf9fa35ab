"""The actions of a run that need options of the command line: submits parents, lands levels."""

from gitcoord.cli.context import Context, open_context
from gitcoord.cli.landing.check_options import with_checker
from gitcoord.cli.landing.merge_options import make_landing_context
from gitcoord.cli.running.run_options import RunRequest, landing_options
from gitcoord.notices import Tell
from gitcoord.run.landing import LevelWish, Reasons
from gitcoord.tasks.model import TaskId
from gitcoord.worker.subtasks import hand_in_whole
from gitcoord.worker.task_context import load_task_context


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
