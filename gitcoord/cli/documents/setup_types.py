"""The documents of commands that prepare a repository, and of those about gitcoord itself."""

from typing import Any, Literal, NotRequired, TypedDict

from gitcoord.cli.setup.project_facts import ProjectFacts
from gitcoord.export.findings import ExportFinding
from gitcoord.forge.doctor_result import Diagnosis


class InitDocument(TypedDict):
    """The settings for a repository, the facts they come from, and the next steps."""

    written: str | None
    found: ProjectFacts
    text: str
    next: list[str]


class AgentsDocument(TypedDict):
    """The file of rules for agents, and whether it changed."""

    program: str
    file: str
    changed: bool
    dry_run: bool


class McpInstalled(TypedDict):
    """The file that names the server."""

    client: str
    file: str
    changed: bool


class McpCommand(TypedDict):
    """The command that adds the server."""

    client: str
    command: str


class HooksDocument(TypedDict):
    """The hook's file; `content` is None if the file is removed."""

    program: str
    path: str
    state: Literal["installed", "absent", "planned"]
    changed: bool
    content: str | None
    dry_run: bool


class DoctorDocument(TypedDict):
    """Whether landing would work, with the findings."""

    works: bool
    findings: list[Diagnosis]


class EngineRow(TypedDict):
    """An engine: its purpose, whether the settings choose it, and what this machine lacks for it."""

    name: str
    purpose: str
    chosen: bool
    missing: list[str]


class EnginesDocument(TypedDict):
    """The engines that can run attempts."""

    engines: list[EngineRow]


class ExportDocument(TypedDict):
    """The plan as a workflow of an engine, in that engine's format; `program` has a Python program."""

    engine: str
    style: str
    workflow: dict[str, Any]


class ExportCheckDocument(TypedDict):
    """The problems of a workflow file."""

    file: str
    findings: list[ExportFinding]


class ContainerScriptDocument(TypedDict):
    """The start script of worker containers."""

    script: str


class HelpTopics(TypedDict):
    """The pages and their titles."""

    topics: dict[str, str]


class HelpPage(TypedDict):
    """A page in Markdown."""

    topic: str
    text: str


class SettingValue(TypedDict):
    """A setting's value and its source."""

    value: Any
    source: str


class ConfigDocument(TypedDict):
    """The effective settings."""

    file: str | None
    settings: dict[str, SettingValue]


class ErrorFinding(TypedDict):
    """One of several errors."""

    code: str
    message: str
    task: str | None


class ErrorDocument(TypedDict):
    """The error that ended a command, with a hint and the exit code."""

    code: str
    message: str
    hint: str
    exit: int
    findings: NotRequired[list[ErrorFinding]]


class VersionDocument(TypedDict):
    """The installed versions; None for a package, or git, that is not installed."""

    version: str
    python: str
    executable: str
    platform: str
    git: str | None
    packages: dict[str, str | None]


class SchemasDocument(TypedDict):
    """The documents with a schema, with their descriptions."""

    documents: dict[str, str]
