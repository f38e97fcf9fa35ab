"""The plan as a GitHub Actions workflow.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax describes its keys. All steps
are shell commands. Does not use GitHub's `concurrency`, which cancels waiting jobs and is not a mutex.
None is needed: landings are compare-and-swap in git.
"""

from collections.abc import Mapping, Sequence

from gitcoord.export.model import ActionsStyle, Document, ExportedPlan, ExportOptions, exported_name, variable
from gitcoord.export.steps import addresses, steps_of, variables_of
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
"""Runs the start script, up to three times if it fails temporarily: for engines that ignore exit codes."""


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
        step.name: _entry(step.title, options, step.values, step.needs, step.repository, lands=step.lands)
        for step in steps_of(plan)
    }


def _by_level(plan: ExportedPlan, options: ExportOptions) -> Document:
    jobs: Document = {}
    before: list[str] = []
    for level in plan.levels:
        landing = f"land-{level}"
        for number, ids in enumerate(plan.turns(level), start=1):
            turn: Document = {}
            for repository, own in plan.by_repository(ids).items():
                name = f"{level}-turn-{number}"
                name = exported_name(name, repository) if repository else name
                for at in range(0, len(own), MOST_IN_MATRIX):
                    part = own[at : at + MOST_IN_MATRIX]
                    suffix = f"-{at // MOST_IN_MATRIX}" if at else ""
                    turn[name + suffix] = _fanned_out(level, options, part, before, plan.most, repository)
            jobs |= turn
            before = list(turn)
        values = {"STEP": "land", "EXECUTION_LEVEL": level}
        job = _entry(f"Land {level}", options, values, before, lands=True)
        # The successful units land even if others fail; the job fails while something is missing.
        jobs[landing] = {"if": "${{ !cancelled() }}", **job}
        before = [landing]
    return jobs


def _fanned_out(
    level: str,
    options: ExportOptions,
    ids: Sequence[TaskId],
    needed: Sequence[str],
    most: int,
    repository: str,
) -> Document:
    values = {"TASK_ID": "${{ matrix.task }}", "MERGE": "0"}
    where = f" in {repository}" if repository else ""
    job = _entry(f"{level}{where} (${{{{ matrix.task }}}})", options, values, needed, repository)
    matrix = {"fail-fast": False, "max-parallel": options.parallelism or most, "matrix": {"task": list(ids)}}
    return {**job, "strategy": matrix}


def _entry(
    name: str,
    options: ExportOptions,
    values: Mapping[str, str],
    needed: Sequence[str],
    repository: str = "",
    *,
    lands: bool = False,
) -> Document:
    job: Document = {"name": _inert(name)}
    if needed:
        job["needs"] = list(dict.fromkeys(needed))
    own = options.repositories[repository].token if repository in options.repositories else ""
    where = {key: value for key, value in variables_of(options, repository).items() if key != "TOKEN_FROM"}
    job |= {
        "runs-on": options.runs_on,
        "timeout-minutes": options.minutes or _USUAL_MINUTES,
        "permissions": {"contents": "write", "pull-requests": "write"},
        "env": {
            **{key: value if "matrix." in value else _inert(value) for key, value in values.items()},
            "REPOSITORY_URL": "${{ github.server_url }}/${{ github.repository }}",
            **{key: _inert(value) for key, value in where.items()},
            "AGENT_COMMAND": _inert(options.agent),
            **{variable(key): _inert(value) for key, value in options.parameters.items()},
            "GH_TOKEN": f"${{{{ {_token(options, own)} }}}}",
            **(_of_all(options) if lands else {}),
        },
        "steps": [
            {"name": "Install gitcoord", "run": options.install},
            {"name": _inert(name), "shell": "bash", "run": AGAIN},
        ],
    }
    return job


def _token(options: ExportOptions, own: str) -> str:
    """Returns the expression for a job's token; `own` is the secret of its repository.

    github.token reaches only the repository in which the workflow runs.
    """
    if own or options.repositories:
        return f"secrets.{own or options.secret}"
    return f"secrets.{options.secret} || github.token" if options.secret else "github.token"


def _of_all(options: ExportOptions) -> Document:
    """Returns the variables of a job that clones all of several repositories."""
    urls = {name: _inert(given.url) for name, given in options.repositories.items()}
    tokens = {given.token for given in options.repositories.values() if given.token}
    return {**addresses(urls), **{name: f"${{{{ secrets.{name} }}}}" for name in sorted(tokens)}}


def _inert(text: str) -> str:
    """Escapes `text`, so GitHub evaluates no expression in it."""
    return text.replace("${{", "${{ '${{' }}")
