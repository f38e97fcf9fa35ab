"""Settings: one typed value, read from `gitcoord.toml` or `[tool.gitcoord]` in `pyproject.toml`.

Command-line options and environment variables override them where a command offers them.
"""

import string
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import msgspec

from gitcoord.errors import usage_error

SETTINGS_FILE = "gitcoord.toml"
SerializeOn = Literal["conflict", "adjacent", "symbol", "overlap"]
"""What keeps two tasks out of one wave, each with all that stands before it: a merge that fails, lines next
to each other, one function or section that both change, any shared path."""


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[rules]` table: patterns as in .gitignore for paths that count in another way than others.

    `preset` adds patterns for ecosystems by name. `on_scratch` says what `submit` does with a branch that
    adds scratch files: refuse it, drop them with one more commit, or allow them.
    """

    preset: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    hub: tuple[str, ...] = ()
    exclusive: tuple[str, ...] = ()
    union: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    on_scratch: Literal["refuse", "drop", "allow"] = "refuse"


class RunSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[run]` table: how a worker does its task.

    `agent` and `check` are commands, taken apart into words unless `shell` says that a shell reads them.
    `timeout` is what one attempt may take (`30m`, `2h`; empty: no limit), `memory_megabytes` what its
    processes may use together (0: no limit), `grace` the seconds between asking
    a process to end and ending it. `rework` is how often a conflict goes back to the agent. `fresh` begins
    another try from a new checkout instead of the one that was left. `worktrees` is where checkouts go
    (default: a directory beside the repository), `keep_checkout` says which of them stay. A log keeps
    `log_megabytes` of what an agent prints: its beginning and its end. Logs of what has landed are removed
    after `keep_logs_days`, the oldest first while all take more than `keep_logs_megabytes` (0: never).

    `retries` is how often a task that failed is tried again. `overlap` says what becomes of a task that
    clashes with one at work: it waits, or starts with a warning. `stagger` is the time between two starts.
    """

    agent: str = ""
    check: str = ""
    shell: bool = False
    timeout: str = "2h"
    grace: float = 5.0
    rework: int = 1
    fresh: bool = False
    commit_leftovers: bool = True
    allow_empty: bool = False
    worktrees: str = ""
    keep_checkout: Literal["failed", "always", "never"] = "failed"
    log_megabytes: float = 8.0
    memory_megabytes: int = 0
    keep_logs_days: float = 30.0
    keep_logs_megabytes: float = 500.0
    retries: int = 1
    overlap: Literal["wait", "warn"] = "wait"
    stagger: str = ""


PULL_FIELDS = (
    *("task", "title", "level", "wave", "base", "branch"),
    *("tasks", "needs", "overlaps", "order", "checked"),
)
"""What `$NAME` can be in the templates of pull requests; those of the second line are for the body."""


class PullRequestSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """The `[pull-requests]` table: what pull requests are opened with.

    `title` and `body` are templates in which `$NAME` stands for one of `PULL_FIELDS` (empty: gitcoord's own
    text). With `draft` they are drafts until it is their turn to land.
    """

    title: str = ""
    body: str = ""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    draft: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Everything that a repository may set; the names in the files are kebab-case."""

    base: str | None = None
    remote: str = "origin"
    strategy: Literal["single-pr", "multi-pr"] = "single-pr"
    max_parallel: int = 4
    method: Literal["merge", "squash", "rebase"] = "merge"
    forge: Literal["auto", "github", "local"] = "auto"
    repository: str | None = None
    serialize_on: SerializeOn = "conflict"
    ignore: tuple[str, ...] = ()
    rules: RuleSettings = RuleSettings()
    run: RunSettings = RunSettings()
    pull_requests: PullRequestSettings = PullRequestSettings()
    task_branch: str = "feature/level-{level}-task-{task}"
    level_branch: str = "feature/level-{level}-implementation"
    state_prefix: str = "refs/gitcoord/"


def load_settings(root: Path | None) -> Settings:
    """The settings of the working tree at `root` (None: there is none, so the defaults).

    Raises `bad-settings` (exit 2) naming the file, the key and what was expected.
    """
    if root is None:
        return Settings()
    path = root / SETTINGS_FILE
    if path.is_file():
        return _convert(_parse(path), path)
    path = root / "pyproject.toml"
    if path.is_file():
        table = _parse(path).get("tool", {}).get("gitcoord")
        if table is not None:
            return _convert(table, path)
    return Settings()


def _parse(path: Path) -> dict[str, Any]:
    import tomllib  # most projects have no settings

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise usage_error(
            "bad-settings", f"{path.name} cannot be read: {error}.", "Mend the file."
        ) from error


def _convert(table: dict[str, Any], path: Path) -> Settings:
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise usage_error("bad-settings", f"{path.name}: {error}.", _way_out(str(error))) from error
    _check(settings, path)
    return settings


def _way_out(problem: str) -> str:
    """The choices of the setting that the problem names, when it has any."""
    key = problem.rpartition("`$.")[2].rstrip("`").replace("-", "_")
    choices = get_args(get_type_hints(Settings).get(key))
    words = [choice for choice in choices if isinstance(choice, str)]
    return f"It can be {', '.join(words)}." if words else "See the settings in docs/reference.md."


def _check(settings: Settings, path: Path) -> None:
    for key, pattern, field in (
        ("task-branch", settings.task_branch, "{task}"),
        ("level-branch", settings.level_branch, "{level}"),
    ):
        if field not in pattern:
            raise usage_error("bad-settings", f"{path.name}: `{key}` must contain {field}, not {pattern!r}.")
    for key, text in (("title", settings.pull_requests.title), ("body", settings.pull_requests.body)):
        _check_template(key, text, path)
    if settings.run.log_megabytes < 0.01:
        raise usage_error("bad-settings", f"{path.name}: `log-megabytes` must be at least 0.01.")
    if settings.run.memory_megabytes < 0:
        raise usage_error(
            "bad-settings", f"{path.name}: `memory-megabytes` must not be below 0 (0: no limit)."
        )
    if min(settings.run.keep_logs_days, settings.run.keep_logs_megabytes) < 0:
        raise usage_error("bad-settings", f"{path.name}: `keep-logs-…` must not be below 0 (0: no limit).")
    if settings.max_parallel < 1:
        raise usage_error("bad-settings", f"{path.name}: `max-parallel` must be at least 1.")
    if not settings.state_prefix.startswith("refs/") or not settings.state_prefix.endswith("/"):
        raise usage_error(
            "bad-settings", f"{path.name}: `state-prefix` must look like refs/gitcoord/, with both slashes."
        )


def _check_template(key: str, text: str, path: Path) -> None:
    template, known = string.Template(text), PULL_FIELDS if key == "body" else PULL_FIELDS[:6]
    wrong = [f"${name}" for name in template.get_identifiers() if name not in known]
    if not template.is_valid():
        wrong.append("a `$` without a name")
    if wrong:
        raise usage_error(
            "bad-settings",
            f"{path.name}: the template `pull-requests.{key}` has {', '.join(wrong)}.",
            f"It can have {', '.join(f'${name}' for name in known)}, and $$ for a dollar sign.",
        )
