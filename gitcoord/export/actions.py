"""The plan as a GitHub Actions workflow.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax describes its keys. All steps
are shell commands. Does not use GitHub's `concurrency`, which cancels waiting jobs and is not a mutex:
landings are compare-and-swap in git.
"""

from collections.abc import Mapping, Sequence

from gitcoord.export.model import ActionsStyle, Document, ExportedPlan, ExportOptions, steps_of, variable
from gitcoord.tasks.model import TaskId

MOST_IN_MATRIX = 256
"""The maximum number of jobs in a matrix."""
_USUAL_MINUTES = 360
AGAIN = """\
for try in 1 2 3; do
  code=0
  bash <(gitcoord container-script) || code=$?
  case $code in 3 | 75) sleep $((try * 30)) ;; *) exit "$code" ;; esac
done
exit "$code"
"""
"""Runs the start script, after a temporary failure up to three times: its engine knows no exit codes."""


def actions_workflow(plan: ExportedPlan, options: ExportOptions, style: ActionsStyle) -> Document:
    """Returns the workflow that runs the complete plan when it is dispatched.

    `tasks`: a job for each unit, which starts when its dependencies have landed. `matrix`: for each level, a
    matrix of units and then a job that lands.
    """
    jobs = _by_task(plan, options) if style == "tasks" else _by_level(plan, options)
    # YAML writers quote the key `on`, because YAML 1.1 reads it as a boolean; GitHub accepts both.
    return {"name": "gitcoord plan", "on": {"workflow_dispatch": {}}, "permissions": {}, "jobs": jobs}


def _by_task(plan: ExportedPlan, options: ExportOptions) -> Document:
    return {
        step.name: _entry(
            f"Land task {step.id}" if step.lands else f"Task {step.id}", options, step.values, step.needs
        )
        for step in steps_of(plan)
    }


def _by_level(plan: ExportedPlan, options: ExportOptions) -> Document:
    jobs: Document = {}
    before: list[str] = []
    for level in plan.levels:
        landing = f"land-{level}"
        for number, ids in enumerate(plan.turns(level), start=1):
            parts = [ids[at : at + MOST_IN_MATRIX] for at in range(0, len(ids), MOST_IN_MATRIX)]
            names = [f"{level}-turn-{number}" + (f"-{part}" if part else "") for part in range(len(parts))]
            for name, part in zip(names, parts, strict=True):
                jobs[name] = _fanned_out(level, options, part, before, plan.most)
            before = names
        job = _entry(f"Land {level}", options, {"STEP": "land", "EXECUTION_LEVEL": level}, before)
        # The successful units land even if others fail; the job fails while something is missing.
        jobs[landing] = {"if": "${{ !cancelled() }}", **job}
        before = [landing]
    return jobs


def _fanned_out(
    level: str, options: ExportOptions, ids: Sequence[TaskId], needed: Sequence[str], most: int
) -> Document:
    values = {"TASK_ID": "${{ matrix.task }}", "MERGE": "0"}
    job = _entry(f"{level} (${{{{ matrix.task }}}})", options, values, needed)
    matrix = {"fail-fast": False, "max-parallel": options.parallelism or most, "matrix": {"task": list(ids)}}
    return {**job, "strategy": matrix}


def _entry(name: str, options: ExportOptions, values: Mapping[str, str], needed: Sequence[str]) -> Document:
    job: Document = {"name": _inert(name)}
    if needed:
        job["needs"] = list(dict.fromkeys(needed))
    token = f"secrets.{options.secret} || github.token" if options.secret else "github.token"
    job |= {
        "runs-on": options.runs_on,
        "timeout-minutes": options.minutes or _USUAL_MINUTES,
        "permissions": {"contents": "write", "pull-requests": "write"},
        "env": {
            **{key: value if "matrix." in value else _inert(value) for key, value in values.items()},
            "REPOSITORY_URL": "${{ github.server_url }}/${{ github.repository }}",
            "AGENT_COMMAND": _inert(options.agent),
            **{variable(key): _inert(value) for key, value in options.parameters.items()},
            "GH_TOKEN": f"${{{{ {token} }}}}",
        },
        "steps": [
            {"name": "Install gitcoord", "run": options.install},
            {"name": _inert(name), "shell": "bash", "run": AGAIN},
        ],
    }
    return job


def _inert(text: str) -> str:
    """Escapes `text`, so GitHub evaluates no expression in it."""
    return text.replace("${{", "${{ '${{' }}")
