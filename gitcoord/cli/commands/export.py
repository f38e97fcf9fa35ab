"""`gitcoord export`: prints the saved plan as a workflow of another program, or checks such a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import Agent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gitcoord.cli.planning.export_request import ExportEngine
    from gitcoord.export.findings import ExportFinding
    from gitcoord.export.model import ActionsStyle, ArgoStyle, ExportedPlan, ExportOptions

_EPILOG = """\b
Examples:
  gitcoord export argo --image ghcr.io/acme/agent:1 > plan.yaml
  gitcoord export argo --image acme/agent:1 --style levels --secret github
  gitcoord export argo --image acme/agent:1 --style children --template play
  gitcoord export actions --agent 'claude -p' -o .github/workflows/plan.yml
  gitcoord export airflow --agent 'claude -p' -o dags/plan.py
  gitcoord export argo --check plan.yaml

\b
Styles of argo: dag (default) starts a unit once its dependencies have landed;
levels runs one level after the other; children does the same, with a child
Workflow of your WorkflowTemplate for each unit. Styles of actions: tasks
(default) has a job for each unit; matrix has a matrix for each level. Airflow
and Prefect get a Python file with a task for each unit.
"""

_Style = Annotated[
    Literal["dag", "levels", "children", "tasks", "matrix"] | None,
    typer.Option("--style", help="The form of the workflow; see below."),
]
_Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of stdout.")
]
_Check = Annotated[
    Path | None,
    typer.Option("--check", metavar="FILE", help="List the errors in FILE; exit code 1 if there are any."),
]
_Image = Annotated[
    str,
    typer.Option("--image", metavar="IMAGE", help="Argo: the workers' image, with git, gitcoord, an agent."),
]
_Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The URL that workers clone (default: the remote's)."),
]
_MaxParallel = Annotated[
    int | None, typer.Option("--max-parallel", min=1, metavar="N", help="Maximum number of workers.")
]
_Timeout = Annotated[
    str | None, typer.Option("--timeout", metavar="TIME", help="Time limit of one attempt: 45m, 2h.")
]
_Cpu = Annotated[str, typer.Option("--cpu", metavar="N", help="Argo: processors of a worker, such as 2.")]
_Memory = Annotated[
    str, typer.Option("--memory", metavar="SIZE", help="Argo: memory of a worker, such as 4Gi.")
]
_Secret = Annotated[
    str, typer.Option("--secret", metavar="NAME", help="The secret that holds the token for GitHub.")
]
_Key = Annotated[
    str, typer.Option("--secret-key", metavar="KEY", help="Argo: the token's key in the secret.")
]
_Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Argo: the namespace.")]
_Account = Annotated[
    str, typer.Option("--service-account", metavar="NAME", help="Argo: the service account of the pods.")
]
_Template = Annotated[
    str, typer.Option("--template", metavar="NAME", help="Argo, children: the WorkflowTemplate of a unit.")
]
_Parameters = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Passed through to every worker; may be repeated."),
]
_Install = Annotated[
    str,
    typer.Option(
        "--install", metavar="COMMAND", help="Actions: the command that installs gitcoord and the agent."
    ),
]
_RunsOn = Annotated[str, typer.Option("--runs-on", metavar="LABEL", help="Actions: the runner.")]


@app.command("export", epilog=_EPILOG)
def export(
    engine: Annotated[
        Literal["argo", "actions", "airflow", "prefect"],
        typer.Argument(help="The program that runs the plan."),
    ],
    style: _Style = None,
    output: _Output = None,
    check: _Check = None,
    image: _Image = "",
    url: _Url = None,
    agent: Agent = None,
    max_parallel: _MaxParallel = None,
    timeout: _Timeout = None,
    cpu: _Cpu = "",
    memory: _Memory = "",
    secret: _Secret = "",
    token_key: _Key = "token",  # noqa: S107 - the name of a key
    namespace: _Namespace = "",
    service_account: _Account = "",
    template: _Template = "",
    parameters: _Parameters = None,
    install: _Install = "pip install gitcoord",
    runs_on: _RunsOn = "ubuntu-latest",
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.export/1 document on stdout.")
    ] = False,
) -> None:
    """Print the saved plan as a workflow that another program runs without a coordinator.

    The workers run the script that `gitcoord container-script` prints. The file has task ids but no task
    texts; workers read those from the saved plan. The command changes no plan and no branch. In a plan over
    several repositories, each unit clones the repository of its task, and levels land as a whole.
    """
    if check is not None:
        _check(engine, check, as_json=as_json)
        return
    from gitcoord.cli.across.each_repository import whole_plan
    from gitcoord.cli.planning.export_request import ExportRequest, export_options
    from gitcoord.export.model import exported

    context = whole_plan(reads=True)
    plan = context.store.require_plan()
    request = ExportRequest(
        engine=engine,
        style=style,
        image=image,
        url=url,
        agent=agent,
        most=max_parallel,
        timeout=timeout,
        cpu=cpu,
        memory=memory,
        secret=secret,
        key=token_key,
        namespace=namespace,
        service_account=service_account,
        template=template,
        parameters=tuple(parameters or ()),
        install=install,
        runs_on=runs_on,
    )
    options, chosen = export_options(context, plan, request)
    _write(engine, chosen, exported(plan), options, output, as_json=as_json)


def _write(
    engine: "ExportEngine",
    style: "ArgoStyle | ActionsStyle",
    plan: "ExportedPlan",
    options: "ExportOptions",
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    from gitcoord.cli.views.output import emit_json, emit_text, say
    from gitcoord.errors import usage_error

    document, text = _made(engine, style, plan, options)
    for finding in _findings(engine, document):
        say(f"warning: {finding.where}: {finding.message}")
    if output is not None:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            message = f"{output} cannot be written: {error.strerror}."
            raise usage_error("bad-output", message, "Name a file in a directory that exists.") from error
        landings = len(plan.levels if plan.places else plan.of_task)
        say(f"{output}: {len(plan.units)} units, {landings} landings, {len(text.encode())} bytes")
    if as_json:
        emit_json("export", {"engine": engine, "style": style, "workflow": document})
    elif output is None:
        emit_text(text)


def _made(
    engine: "ExportEngine", style: "ArgoStyle | ActionsStyle", plan: "ExportedPlan", options: "ExportOptions"
) -> "tuple[dict[str, Any], str]":
    """Returns the workflow as a document and as text; the document of a Python program has only its text."""
    if engine == "airflow" or engine == "prefect":
        from gitcoord.export.python_file import python_program

        program = python_program(engine, plan, options)
        return {"program": program}, program
    from gitcoord.export.yaml_file import dump

    if style == "tasks" or style == "matrix":
        from gitcoord.export.actions import actions_workflow

        document = actions_workflow(plan, options, style)
    else:
        from gitcoord.export.argo import argo_workflow

        document = argo_workflow(plan, options, style)
    return document, dump(document)


def _findings(engine: str, document: "Mapping[str, Any]") -> "list[ExportFinding]":
    if engine in ("airflow", "prefect"):
        from gitcoord.export.python_file import lint_python

        return lint_python(document["program"])
    if engine == "actions":
        from gitcoord.export.actions_lint import lint_actions

        return lint_actions(document)
    from gitcoord.export.argo_lint import lint_argo

    return lint_argo(document)


def _check(engine: str, file: Path, *, as_json: bool) -> None:
    from gitcoord.cli.views.output import clean, emit, emit_json
    from gitcoord.export.findings import ExportFinding

    found: list[ExportFinding] = []
    for document in _documents(engine, file):
        if isinstance(document, dict):
            found += _findings(engine, document)
        else:
            found.append(ExportFinding(where="", message="is not a mapping"))
    if as_json:
        emit_json("export-check", {"file": str(file), "findings": found})
    else:
        for one in found:
            emit(clean(f"{file}: {one.where}: {one.message}" if one.where else f"{file}: {one.message}"))
        if not found:
            emit(clean(f"{file}: no error found"))
    if found:
        raise typer.Exit(1)


def _documents(engine: str, file: Path) -> "list[Any]":
    from yaml import YAMLError

    from gitcoord.errors import usage_error
    from gitcoord.export.yaml_file import load

    written = engine in ("airflow", "prefect")
    way_out = f"Name a {'Python' if written else 'YAML or JSON'} file."
    try:
        text = file.read_text(encoding="utf-8")
        found = [{"program": text}] if written else load(text)
    except OSError as error:
        raise usage_error("bad-workflow", f"{file} cannot be read: {error.strerror}.", way_out) from error
    except UnicodeDecodeError as error:
        raise usage_error("bad-workflow", f"{file} is not UTF-8.", way_out) from error
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise usage_error("bad-workflow", f"{file} is not YAML: {reason}.", way_out) from error
    if not found:
        raise usage_error("bad-workflow", f"{file} is empty.", way_out)
    return found
