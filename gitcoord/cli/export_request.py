"""Turns the options of `gitcoord export` into the values that an export needs."""

from typing import Literal

import msgspec

from gitcoord.cli.context import Context
from gitcoord.cli.parameters import read_parameters
from gitcoord.cli.time_options import seconds
from gitcoord.errors import usage_error
from gitcoord.export.model import ActionsStyle, ArgoStyle, ExportOptions
from gitcoord.git.remotes import read_remotes, without_login
from gitcoord.planning.model import Plan

ExportEngine = Literal["argo", "actions", "airflow", "prefect"]
_STYLES: dict[ExportEngine, tuple[str, ...]] = {
    "argo": ("dag", "levels", "children"),
    "actions": ("tasks", "matrix"),
    "airflow": ("tasks",),
    "prefect": ("tasks",),
}
_TAKEN = frozenset(("image", "repository-url", "agent-command", "task-id", "level-id"))


class ExportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The options on the command line."""

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
    )
    return options, style  # type: ignore[return-value]


def _check_argo(plan: Plan, request: ExportRequest, style: str) -> None:
    if not request.image and style != "children":
        raise usage_error("usage", "Argo needs an image for the workers.", "Name it with --image IMAGE.")
    if style == "children" and not (request.template and request.image):
        missing = "--template NAME" if not request.template else "--image IMAGE"
        message = "Child Workflows need the name of their template, and landing an image."
        raise usage_error("usage", message, f"Add {missing}.")
    ids = (id for task in plan.tasks.values() for id in (task.id, *(part.id for part in task.subtasks)))
    for id in ids:
        if "{{" in id:
            message = f"Argo would expand the {{{{ in the id {id!r}."
            raise usage_error("usage", message, "Give the task another id in the task list.")


def _url(context: Context, request: ExportRequest) -> str:
    """Returns the URL that workers clone: the given one, else the remote's without a login."""
    if request.url is not None or request.engine == "actions":
        return request.url or ""
    remote = read_remotes(context.repository.git).get(context.repository.remote or "")
    if remote is None or not remote.url:
        message = "This repository has no remote, and workers elsewhere need one to clone."
        raise usage_error("usage", message, "Add one with `git remote add`, or give --url URL.")
    return without_login(remote.url)
