"""The documents of commands that prepare a repository, and of those that tell about gitcoord itself."""

from typing import Any, Literal, NotRequired, TypedDict

from gitcoord.cli.project_facts import ProjectFacts
from gitcoord.export.findings import ExportFinding
from gitcoord.forge.doctor_result import Diagnosis


class InitDocument(TypedDict):
    """The settings for a repository, what they were made from, and what to do next."""

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
    """The hook's file; `content` is None where it goes."""

    program: str
    path: str
    state: Literal["installed", "absent", "planned"]
    changed: bool
    content: str | None
    dry_run: bool


class DoctorDocument(TypedDict):
    """Whether landing would work, and what was found."""

    works: bool
    findings: list[Diagnosis]


class EngineRow(TypedDict):
    """An engine: its purpose, whether the settings choose it, and what is missing here to use it."""

    name: str
    purpose: str
    chosen: bool
    missing: list[str]


class EnginesDocument(TypedDict):
    """Where attempts can run."""

    engines: list[EngineRow]


class ExportDocument(TypedDict):
    """The plan as a workflow of an engine, in that engine's own words."""

    engine: str
    style: str
    workflow: dict[str, Any]


class ExportCheckDocument(TypedDict):
    """What is wrong with a workflow file."""

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
    """A setting's value, and where it is from."""

    value: Any
    source: str


class ConfigDocument(TypedDict):
    """The settings that hold."""

    file: str | None
    settings: dict[str, SettingValue]


class ErrorFinding(TypedDict):
    """One of several things that are wrong."""

    code: str
    message: str
    task: str | None


class ErrorDocument(TypedDict):
    """Why a command could not do it, the way out, and its exit code."""

    code: str
    message: str
    hint: str
    exit: int
    findings: NotRequired[list[ErrorFinding]]


class VersionDocument(TypedDict):
    """What is installed; None for a package or a git that is not."""

    version: str
    python: str
    executable: str
    platform: str
    git: str | None
    packages: dict[str, str | None]


class SchemasDocument(TypedDict):
    """The documents that have a schema, and what they are."""

    documents: dict[str, str]
