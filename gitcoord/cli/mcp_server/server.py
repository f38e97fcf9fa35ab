"""The MCP server: each tool runs a command and returns its documented JSON document."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from gitcoord import __version__
from gitcoord.cli.mcp_server.commands import CommandRefused, run_command

_INSTRUCTIONS = """\
gitcoord coordinates workers that each do one task on a branch of their own in this repository.
Call `ready` for the tasks that can start, `checkout` one, do what its `prompt` says, commit the work, then
`submit` it. For a task that was deferred for a conflict, `prompt` describes the conflict.
Before you write a file, call `check_file`: it names other tasks that change it. Only landing tools land."""
_READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
_WRITES = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
_LANDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)

Answer = dict[str, Any]
Call = Callable[..., Awaitable[Answer]]
TaskArgument = Annotated[str, Field(description="A task's id, or a subtask's: 3.1")]
LevelArgument = Annotated[
    str | None, Field(description="level-0 or 0 (default: the first that has not landed)")
]
Check = Annotated[str | None, Field(description="A command that must succeed on a tree before it lands")]
Method = Annotated[
    Literal["merge", "squash", "rebase"] | None, Field(description="How pull requests are merged")
]


def make_server(directory: Path, *, allow_landing: bool) -> MCPServer[Any]:
    """Returns a server whose commands run in `directory`, with landing tools only if `allow_landing`."""
    server: MCPServer[Any] = MCPServer(
        "gitcoord", version=__version__, instructions=_INSTRUCTIONS, log_level="ERROR"
    )

    async def call(context: Context[Any, Any], *words: str, then: Sequence[str] = ()) -> Answer:
        """Runs a command. A client's values go only into `then` (after `--`) or after `=` of an option."""
        count = 0

        async def tell(line: str) -> None:
            nonlocal count
            count += 1
            await context.report_progress(count, message=line)

        try:
            return await run_command((*words, "--json", *(("--", *then) if then else ())), directory, tell)
        except CommandRefused as error:
            raise ToolError(str(error)) from error

    _add_reading(server, call)
    _add_working(server, call)
    if allow_landing:
        _add_landing(server, call)
    return server


def _given(**values: object) -> list[str]:
    """Returns the options for all values except None and False: `max_parallel=3` is `--max-parallel=3`."""
    names = ((f"--{name.replace('_', '-')}", value) for name, value in values.items())
    return [
        name if value is True else f"{name}={value}"
        for name, value in names
        if value is not None and value is not False
    ]


def _add_reading(server: MCPServer[Any], call: Call) -> None:
    @server.tool(annotations=_READS)
    async def ready(context: Context[Any, Any]) -> Answer:
        """Lists the tasks and subtasks that can start now, the most urgent first, and why the others wait."""
        return await call(context, "next")

    @server.tool(annotations=_READS)
    async def show(context: Context[Any, Any]) -> Answer:
        """Shows the saved plan: levels, waves, branches, times."""
        return await call(context, "show")

    @server.tool(annotations=_READS)
    async def prompt(context: Context[Any, Any], task: TaskArgument) -> Answer:
        """Describes a task: what to do, how to submit it, the files that others change, and its conflict."""
        return await call(context, "prompt", then=[task])

    @server.tool(annotations=_READS)
    async def status(context: Context[Any, Any]) -> Answer:
        """Shows the state of every task, and why a task waits."""
        return await call(context, "status")

    @server.tool(annotations=_READS)
    async def report(context: Context[Any, Any]) -> Answer:
        """Shows how much time parallel work saved, and which conflicts were predicted and found."""
        return await call(context, "report")

    @server.tool(annotations=_READS)
    async def check_file(
        context: Context[Any, Any],
        paths: Annotated[
            list[str], Field(description="Files or directories, relative to the repository's top")
        ],
    ) -> Answer:
        """Lists the other tasks' branches that touch these files, and the lines; exit_code 1 if one does."""
        return await call(context, "check-file", then=paths)

    @server.tool(annotations=_READS)
    async def check_conflicts(context: Context[Any, Any], level: LevelArgument = None) -> Answer:
        """Finds the branches of a level that conflict, and the waves and landing order that result."""
        return await call(context, "check-conflicts", then=[level] if level else [])

    @server.tool(annotations=_READS)
    async def predict(context: Context[Any, Any], tasks: list[str] | None = None) -> Answer:
        """Predicts which tasks will conflict, and which files they will change, before they start."""
        return await call(context, "predict", then=tasks or [])


def _add_working(server: MCPServer[Any], call: Call) -> None:
    @server.tool(annotations=_WRITES)
    async def plan(
        context: Context[Any, Any],
        base: str | None = None,
        strategy: Literal["single-pr", "multi-pr"] | None = None,
        max_parallel: Annotated[int | None, Field(ge=1)] = None,
        dry_run: bool = False,
    ) -> Answer:
        """Plan the task list and save the plan; with `dry_run` only show it."""
        words = _given(base=base, strategy=strategy, max_parallel=max_parallel, dry_run=dry_run)
        return await call(context, "plan", *words)

    @server.tool(annotations=_WRITES)
    async def checkout(
        context: Context[Any, Any],
        task: TaskArgument,
        stack: Annotated[
            bool, Field(description="Start from the branches of the task's dependencies, landed or not")
        ] = False,
        worktree: Annotated[
            str | None, Field(description="Create a worktree there instead of switching")
        ] = None,
    ) -> Answer:
        """Switch to a task's branch; for a deferred task, also merge the other side of its conflict."""
        return await call(context, "checkout", *_given(stack=stack, worktree=worktree), then=[task])

    @server.tool(annotations=_WRITES)
    async def submit(context: Context[Any, Any], task: TaskArgument) -> Answer:
        """Submit a task: its work is committed and complete."""
        return await call(context, "submit", then=[task])


def _add_landing(server: MCPServer[Any], call: Call) -> None:
    @server.tool(annotations=_LANDS)
    async def merge_level(
        context: Context[Any, Any], level: LevelArgument = None, method: Method = None, check: Check = None
    ) -> Answer:
        """Open a level's pull requests and merge them one at a time; exit_code 1 if a task did not land."""
        words = _given(method=method, check=check)
        return await call(context, "merge-level", *words, then=[level] if level else [])

    @server.tool(annotations=_LANDS)
    async def land(
        context: Context[Any, Any],
        numbers: Annotated[list[int] | None, Field(description="Pull requests")] = None,
        branches: Annotated[str | None, Field(description="A glob of branches, such as agent/*")] = None,
        method: Method = None,
        check: Check = None,
    ) -> Answer:
        """Land existing pull requests or branches, without a task list."""
        words = _given(branches=branches, method=method, check=check)
        return await call(context, "land", "--yes", *words, then=[str(number) for number in numbers or ()])

    @server.tool(annotations=_LANDS)
    async def rollback(context: Context[Any, Any], level: str) -> Answer:
        """Revert what a level landed, as one commit or one pull request."""
        return await call(context, "rollback", then=[level])
