"""Turns the options of `gitcoord export` into the values that an export needs."""

from typing import Literal

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.planning.parameters import read_parameters
from gitcoord.cli.time_options import seconds
from gitcoord.errors import usage_error
from gitcoord.export.model import ActionsStyle, ArgoStyle, ExportedRepository, ExportOptions
from gitcoord.git.github_remotes import parse_address
from gitcoord.git.remotes import read_remotes, without_login
from gitcoord.planning.model import Plan
from gitcoord.planning.parts import HOME
from gitcoord.settings import RepositorySettings

ExportEngine = Literal["argo", "actions", "airflow", "prefect"]
_STYLES: dict[ExportEngine, tuple[str, ...]] = {
    "argo": ("dag", "levels", "children"),
    "actions": ("tasks", "matrix"),
    "airflow": ("tasks",),
    "prefect": ("tasks",),
}
_TAKEN = frozenset(("image", "repository-url", "agent-command", "task-id", "level-id"))


class ExportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `gitcoord export`."""

    engine: ExportEngine
    style: str | None
    image: str
    url: str | None
    agent: str | None
    most: int | None
    timeout: str | None
    cpu: str
    memory: str
    secret: str
    key: str
    namespace: str
    service_account: str
    template: str
    parameters: tuple[str, ...]
    install: str
    runs_on: str


def export_options(
    context: Context, plan: Plan, request: ExportRequest
) -> tuple[ExportOptions, ArgoStyle | ActionsStyle]:
    """Returns the options and the style. Raises `usage` or `no-agent` (exit 2)."""
    style = request.style or _STYLES[request.engine][0]
    if style not in _STYLES[request.engine]:
        known = ", ".join(_STYLES[request.engine])
        raise usage_error("usage", f"{request.engine} has no style {style}.", f"Its styles: {known}.")
    if request.engine == "argo":
        _check_argo(plan, request, style)
    if request.engine in ("airflow", "prefect") and request.secret:
        way_out = "Give its workers GH_TOKEN in their environment, and leave --secret out."
        raise usage_error("usage", f"{request.engine} has no secret for its workers.", way_out)
    agent = context.settings.run.agent if request.agent is None else request.agent
    if not agent:
        way_out = "Name its command with `--agent 'COMMAND'`, or as `agent` in [run] in the settings."
        raise usage_error("no-agent", "There is no agent for the tasks.", way_out)
    repositories = _repositories(context, plan, request)
    options = ExportOptions(
        repository_url=_url(context, request),
        agent=agent,
        image=request.image,
        parallelism=request.most,
        minutes=max(1, round(seconds(request.timeout) / 60)) if request.timeout else None,
        cpu=request.cpu,
        memory=request.memory,
        secret=request.secret,
        key=request.key,
        namespace=request.namespace,
        service_account=request.service_account,
        template=request.template,
        install=request.install,
        runs_on=request.runs_on,
        parameters=read_parameters(request.parameters, _TAKEN),
        repositories=repositories,
    )
    return options, style  # type: ignore[return-value]


def _check_argo(plan: Plan, request: ExportRequest, style: str) -> None:
    if not request.image and style != "children":
        raise usage_error("usage", "Argo needs an image for the workers.", "Name it with --image IMAGE.")
    if style == "children" and not (request.template and request.image):
        missing = "--template NAME" if not request.template else "--image IMAGE"
        message = "Child Workflows need the name of their template, and landing needs an image."
        raise usage_error("usage", message, f"Add {missing}.")
    ids = (id for task in plan.tasks.values() for id in (task.id, *(part.id for part in task.subtasks)))
    for id in ids:
        if "{{" in id:
            message = f"Argo would expand the {{{{ in the id {id!r}."
            raise usage_error("usage", message, "Give the task another id in the task list.")


def _repositories(context: Context, plan: Plan, request: ExportRequest) -> dict[str, ExportedRepository]:
    """Returns the repositories, other than home, in which tasks of a plan over several work.

    Raises `usage` (exit 2) for GitHub Actions without a secret: a workflow's own token reaches only the
    repository in which it runs.
    """
    given = context.settings.repositories
    if context.several is None:
        return {}
    found = {}
    for name, member in context.several.members(plan).items():
        if name != HOME:
            table = given[name]
            token = table.token or "" if isinstance(table, RepositorySettings) else ""
            url = _address(member, f"The repository {name}")
            found[name] = ExportedRepository(url=_for_actions(url, request), token=token)
    if request.engine == "actions" and not request.secret:
        raise usage_error(
            "usage",
            "A workflow's own token reaches only the repository in which it runs, and this plan has "
            f"{', '.join(found)}, too.",
            "Name a secret that has a token for all of them: --secret NAME.",
        )
    return found


def _for_actions(url: str, request: ExportRequest) -> str:
    """Returns `url`; for GitHub Actions, HTTPS instead of SSH, because a job has a token and no SSH key."""
    address = parse_address(url)
    if request.engine != "actions" or address is None or address.scheme != "ssh":
        return url
    return f"https://{address.host}/{address.path}"


def _url(context: Context, request: ExportRequest) -> str:
    """Returns the URL that workers clone: the given one, else the remote's without a login.

    For GitHub Actions, returns the given one, else an empty text: a job checks out its own repository.
    """
    if request.url is not None or request.engine == "actions":
        return request.url or ""
    return _address(context, "This repository", "Add one with `git remote add`, or give --url URL.")


def _address(context: Context, named: str, hint: str = "Add one with `git remote add`.") -> str:
    """Returns the URL of the remote, without its login. Raises `usage` (exit 2) if there is no remote."""
    remote = read_remotes(context.repository.git).get(context.repository.remote or "")
    if remote is None or not remote.url:
        raise usage_error("usage", f"{named} has no remote, and workers elsewhere need one to clone.", hint)
    return without_login(remote.url)
