"""Prepares a run from the options of `gitcoord run`."""

import msgspec

from gitcoord.cli.across.home_engines import use_given_engines
from gitcoord.cli.context import open_context
from gitcoord.cli.landing.base_settings import require_check_of
from gitcoord.cli.running.clone_run import CloneRun
from gitcoord.cli.running.run_options import (
    RunRequest,
    check_words,
    known_agent,
    landing_check,
)
from gitcoord.cli.running.run_plan import plan_of_run
from gitcoord.errors import usage_error
from gitcoord.worker.attempt.prompt.template import read_template


def set_up(request: RunRequest) -> CloneRun:
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
    return CloneRun(context, request, proposal)
