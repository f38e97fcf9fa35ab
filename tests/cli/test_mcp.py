"""`gitcoord mcp`, asked by the SDK's own client over stdin and stdout; and what clients are told of it."""

import asyncio
import json
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gitcoord.cli.mcp_server.clients import SDK, install_command
from tests.support.cli import environment, gitcoord
from tests.support.project import Project, independent
from tests.support.tasklists import task

if TYPE_CHECKING:
    from mcp import Client

ROOT = Path(__file__).parent.parent.parent


def serving(project: Project, *words: str) -> "Client":
    # Takes a second, which only the worker with these tests has to spend.
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters

    return Client(
        StdioServerParameters(
            command=sys.executable,
            args=["-m", "gitcoord", "mcp", *words],
            env=environment(),
            cwd=str(project.desk.path),
        )
    )


def test_an_agent_finds_work_hands_it_in_and_lands_it_only_where_that_is_allowed(tmp_path: Path) -> None:
    project = Project.create(tmp_path, [task(1), task(2, depends_on=[1])])
    told: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    async def work() -> None:
        async with serving(project, "--allow-landing") as client:
            tools = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
            landing = {name for name, notes in tools.items() if notes is not None and notes.destructive_hint}
            reading = {name for name, notes in tools.items() if notes is not None and notes.read_only_hint}
            assert landing == {"merge_level", "land", "rollback"}
            assert reading == {
                "ready",
                "show",
                "prompt",
                "status",
                "report",
                "check_file",
                "check_conflicts",
                "predict",
            }
            ready = await ask(client, "ready")
            assert [one["unit"] for one in ready["starts"]] == ["1"]
            started = await ask(client, "checkout", task="1")
            assert started["branch"] == "feature/level-0-task-1"
            # An agent that has only these tools knows what to do.
            assert "# Task 1" in (await ask(client, "prompt", task="1"))["text"]
            (project.desk.path / "new.txt").write_text("new\n")
            project.desk.git("add", "new.txt")
            project.desk.git("commit", "--quiet", "--message", "work")
            assert (await ask(client, "submit", task="1"))["task"] == "1"
            assert (await ask(client, "check_conflicts", level="level-0"))["exit_code"] == 0
            landed = await client.call_tool("merge_level", {"level": "0"}, progress_callback=note)
            assert landed.structured_content is not None
            assert landed.structured_content["exit_code"] == 0
            # What a client sends is data: no option, and its errors are sentences.
            wrong = await client.call_tool("checkout", {"task": "--worktree=/tmp/x"})
            assert wrong.is_error
            assert "no task" in str(wrong.content)

    asyncio.run(work())
    assert project.remote.read("main", "new.txt") == "new"
    assert any("task 1 has landed" in line for line in told)


async def ask(client: "Client", tool: str, **values: Any) -> dict[str, Any]:
    answer = await client.call_tool(tool, values)
    assert not answer.is_error, answer.content
    assert answer.structured_content is not None
    document: dict[str, Any] = answer.structured_content
    return document


def test_without_permission_nothing_lands_and_a_cancelled_call_ends_its_command(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    project.work("1", {"a.txt": "a"})
    project.run("submit", "1", ok=0)
    check = f"sh -c 'echo $$ > {tmp_path}/pid; sleep 100'"

    async def work() -> None:
        async with serving(project) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names.isdisjoint({"merge_level", "land", "rollback"})
        async with serving(project, "--allow-landing") as client:
            call = asyncio.create_task(client.call_tool("merge_level", {"check": check}))
            until = time.monotonic() + 60
            while not (tmp_path / "pid").exists() and time.monotonic() < until:
                await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            pid = int((tmp_path / "pid").read_text())
            while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
                await asyncio.sleep(0.05)
            assert not Path(f"/proc/{pid}").exists()

    asyncio.run(work())
    assert project.remote.files("main") == ["src/main.rs"]


@pytest.mark.parametrize(
    ("client", "file", "table"),
    [
        ("claude", ".mcp.json", "mcpServers"),
        ("cursor", ".cursor/mcp.json", "mcpServers"),
        ("vscode", ".vscode/mcp.json", "servers"),
    ],
)
def test_a_client_is_told_of_the_server_and_keeps_all_else(
    tmp_path: Path, client: str, file: str, table: str
) -> None:
    project = Project.create(tmp_path, independent("1"))
    path = project.desk.path / file
    path.parent.mkdir(exist_ok=True)
    own = {"inputs": [1], table: {"other": {"command": "x"}}}
    path.write_text(json.dumps(own))
    assert "would name" in project.run("mcp", "install", client, "--dry-run", ok=0).out
    assert json.loads(path.read_text()) == own
    assert "Commit the file" in project.run("mcp", "install", client, "--allow-landing", ok=0).out
    after = json.loads(path.read_text())
    assert after[table].pop("gitcoord")["args"] == ["mcp", "--allow-landing"]
    assert after == own
    assert "already" in project.run("mcp", "install", client, "--allow-landing", ok=0).out
    path.write_text("{")
    assert "is not JSON" in project.run("mcp", "install", client, ok=2).err


def test_codex_is_told_by_its_own_command(tmp_path: Path) -> None:
    assert (
        gitcoord("mcp", "install", "codex", cwd=tmp_path, ok=0).out
        == "codex mcp add gitcoord -- gitcoord mcp\n"
    )


def test_the_package_that_is_missing_is_installed_where_this_gitcoord_is() -> None:
    asked = {
        "/home/me/.local/share/pipx/venvs/gitcoord": f"pipx inject gitcoord '{SDK}'",
        "/home/me/.local/share/uv/tools/gitcoord": f"uv tool install --with '{SDK}' gitcoord",
        "/home/me/my venv": f"'/home/me/my venv/bin/python' -m pip install '{SDK}'",
    }
    assert {prefix: install_command(prefix, f"{prefix}/bin/python") for prefix in asked} == asked
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["mcp"] == [SDK]
