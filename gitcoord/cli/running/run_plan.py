"""The plan of a run: the saved one, or one that the run makes from the task list and saves."""

from gitcoord.cli.context import Context
from gitcoord.cli.planning.issue_lists import issue_reader
from gitcoord.cli.planning.list_changes import list_changes
from gitcoord.cli.planning.plan_making import PlanProposal, PlanRequest, make_plan
from gitcoord.cli.planning.plan_saving import save
from gitcoord.cli.running.run_options import RunRequest
from gitcoord.cli.views.output import warn
from gitcoord.errors import answer_no, usage_error
from gitcoord.notices import PlanKept, Tell
from gitcoord.worker.free_branch_names import require_free_names


def plan_of_run(context: Context, request: RunRequest) -> PlanProposal:
    """Returns the saved plan, or makes one. Raises `other-plan` (exit 2)."""
    context.store.refresh()
    saved = context.store.plan()
    proposal = PlanProposal(plan=saved) if saved is not None else _make_missing_plan(context, request)
    plan = proposal.plan
    if request.tag and request.tag != plan.tag:
        raise usage_error(
            "other-plan",
            f"The saved plan is for the tag {plan.tag}, not {request.tag}.",
            f"Leave --tag out, or plan first: `gitcoord plan --tag {request.tag}`.",
        )
    require_free_names(context.shared, plan, context.store.progress())
    if saved is not None and request.tasks != "-" and not (request.origin or "").endswith(":-"):
        warn(list_changes(context, saved, request.tasks, request.origin))
    return proposal


def keep_plan(context: Context, proposal: PlanProposal, tell: Tell) -> None:
    """Saves the plan if this run made it. Raises `plan-moved` (exit 1)."""
    store = context.store
    if store.plan() is not None:
        return
    store.refresh()
    if store.plan() not in (None, proposal.plan):
        raise answer_no("plan-moved", "Somebody else saved another plan.", "Run the command again to use it.")
    save(context, proposal)
    tell(PlanKept())


def _make_missing_plan(context: Context, request: RunRequest) -> PlanProposal:
    """Makes the plan of the task list, without saving it. The caller has fetched the shared refs."""
    from gitcoord.tasks.reader import read_task_list

    listed = read_task_list(
        root=context.repository.root,
        tasks=request.tasks,
        origin=request.origin,
        usual=context.settings.tasks.origin,
        in_order=context.settings.tasks.in_order,
        tag=request.tag,
        read_issues=issue_reader(context),
    )
    number = request.max_parallel if (request.max_parallel or "").isdigit() else None
    wanted = PlanRequest(max_parallel=int(number) if number else None, token_budget=request.token_budget)
    made = make_plan(context, listed, wanted)
    warn(made.plan.warnings[:10])
    return made
