"""The settings, as one typed value. `settings_file` reads them.

Command-line options and environment variables override them.
"""

from typing import Annotated, Literal

import msgspec

from gitcoord.engine_settings import EngineName, EngineSettings

AtLeastNone = msgspec.Meta(ge=0)
Preset = Literal["common", "python", "node", "rust", "go", "java", "ruby", "php", "dotnet"]
"""The names of rule sets for an ecosystem; `conflicts.rule_presets` defines them."""
SerializeOn = Literal["conflict", "adjacent", "symbol", "overlap"]
"""When two tasks get different waves; each value includes those before it: a failing merge, adjacent lines, a
function or section that both change, any shared path."""

Prove = Literal["each", "last"]
"""Which trees of a row of pull requests must pass the check: each, or only the last."""


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[rules]` table: patterns as in .gitignore for paths with special rules.

    `preset` adds patterns for ecosystems by name. `on_scratch`: what `submit` does with a branch that adds
    scratch files: refuse it, drop them with another commit, or allow them. `same_number`: whether two
    branches that add files with the same number to a directory are `exclusive` there. Gitcoord does not
    commit an agent's new files that match `hold_back` or are larger than `max_file_megabytes` (0: no limit);
    it also holds back files with names of secrets and agents' own notes, unless a pattern with `!` allows
    them. `regenerate` maps a pattern to the command that generates the matching files: these are not merged.
    """

    preset: tuple[Preset, ...] = ()
    ignore: tuple[str, ...] = ()
    hub: tuple[str, ...] = ()
    exclusive: tuple[str, ...] = ()
    union: tuple[str, ...] = ()
    regenerate: dict[str, str] = {}
    scratch: tuple[str, ...] = ()
    on_scratch: Literal["refuse", "drop", "allow"] = "refuse"
    same_number: Literal["exclusive", "allow"] = "exclusive"
    hold_back: tuple[str, ...] = ()
    max_file_megabytes: Annotated[float, AtLeastNone] = 10.0


class RunSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[run]` table: how a worker does its task.

    `agent` and `check` are commands; they are split into words, or run in a shell with `shell`. `timeout`
    limits one attempt (`30m`, `2h`; empty: no limit), `memory_megabytes` the memory of all its processes (0:
    no limit); `grace` is the time in seconds from TERM to KILL. `rework` is the number of times that the
    agent may get a conflict back. `fresh` starts a retry in a new checkout. `commit_leftovers` commits
    changes that an agent left uncommitted, `allow_empty` accepts work without a change. `commit_hooks` runs
    the repository's hooks on the worker's commits of an agent's leftover changes; `commit_message` is the
    template of their message, with `$task`, `$title`, `$level`, `$wave`, `$base` and `$branch` (empty:
    `$task: $title`). `nested_repositories`: what happens with a repository that an agent created inside its
    checkout: its files are committed, or the attempt fails; it always fails for one with its own remote.
    `worktrees` is the directory of the checkouts (default: a directory beside the repository),
    `keep_checkout` says which of them to keep. A log keeps `log_megabytes` of an agent's output: its start
    and its end. Logs of landed work are removed after `keep_logs_days`, and the oldest first while all logs
    take more than `keep_logs_megabytes` (0: never). With a remote, the last 64 KiB of each ended attempt's
    log are kept in git, of the newest `keep_log_ends` attempts (0: of none), so that every clone can show
    them.

    `setup` is a command that runs once in each checkout before the agent; untracked files of the user's
    checkout that match `carry` (patterns as in .gitignore) are copied there first. `prompt` is the project's
    own template around the prompt, a file relative to the repository's top. `engine` says where attempts run:
    on this machine, or as `[engines]` describes. `on_event` is a command that gets each event of a run as
    JSON on its standard input. `pass_environment` names variables with tokens (`GITHUB_TOKEN`) that agents
    may see. `idle_timeout` is the time for which an agent may print nothing new, use no CPU and change
    nothing (`none`: no limit). `lease` is the time for which an attempt without a heartbeat still counts as
    running, for runs on other machines (`none`: forever). `publish_progress` is an interval (`1m`; empty:
    never) at which workers push their unfinished work, committed or not, so that runs and agents on other
    machines see clashes with it. `account` names the agents' account: once its usage limit is reached, no
    machine with the same `account` starts an agent until the limit ends. `limit_patterns` are regular
    expressions for the output of an agent at its limit, in addition to those that gitcoord knows.

    After `same_failures` tasks in a row with the same failure a run starts no more tasks (0: it continues).
    `retries` is the number of retries of a failed task. `overlap` says whether a task that clashes with a
    running one waits, or starts with a warning. `stagger` is the time between two starts.
    """

    agent: str = ""
    check: str = ""
    shell: bool = False
    setup: str = ""
    carry: tuple[str, ...] = ()
    prompt: str = ""
    on_event: str = ""
    engine: EngineName = "local"
    pass_environment: tuple[str, ...] = ()
    timeout: str = "2h"
    idle_timeout: str = "30m"
    grace: Annotated[float, AtLeastNone] = 5.0
    rework: Annotated[int, AtLeastNone] = 1
    fresh: bool = False
    commit_leftovers: bool = True
    allow_empty: bool = False
    commit_hooks: bool = True
    commit_message: str = ""
    nested_repositories: Literal["add", "fail"] = "add"
    worktrees: str = ""
    keep_checkout: Literal["failed", "always", "never"] = "failed"
    log_megabytes: Annotated[float, msgspec.Meta(ge=0.01)] = 8.0
    memory_megabytes: Annotated[int, AtLeastNone] = 0
    keep_logs_days: Annotated[float, AtLeastNone] = 30.0
    keep_logs_megabytes: Annotated[float, AtLeastNone] = 500.0
    keep_log_ends: Annotated[int, AtLeastNone] = 200
    lease: str = "5m"
    publish_progress: str = ""
    account: str = ""
    limit_patterns: tuple[str, ...] = ()
    same_failures: Annotated[int, AtLeastNone] = 3
    retries: Annotated[int, AtLeastNone] = 1
    overlap: Literal["wait", "warn"] = "wait"
    stagger: str = ""


class LandingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[landing]` table: the check that a tree must pass before the base moves to it.

    `check` is a command (empty: none; `run --land` uses the workers' check), split into words, or run in a
    shell with `shell` under `[run]`. `slots` is the number of checks that run at once (0: the number of
    cores, at most 8), `window` the number of branches to check ahead (0: computed from recent failures).
    `check_timeout` limits one check, `flaky` the repetitions of a failed check before a task is blamed.
    `clean` also removes ignored files from a checkout before each check. `environment` names everything
    else that a result depends on: change it when the tools change. `prove` says which trees must pass when
    pull requests land one after the other: each tree of the base, or only the last of a row that was checked
    together. `status` names a commit status for the result of the check on each head (empty: none).
    `checks_per_hour` is the number of checks that may start in an hour on one machine (0: no limit).
    `share_results` lets a passed check on one machine count on all machines that share the repository.
    """

    check: str = ""
    slots: Annotated[int, AtLeastNone] = 0
    window: Annotated[int, AtLeastNone] = 0
    check_timeout: str = "30m"
    flaky: Annotated[int, AtLeastNone] = 1
    clean: bool = False
    environment: str = ""
    prove: Prove = "each"
    status: str = ""
    share_results: bool = True
    checks_per_hour: Annotated[int, AtLeastNone] = 0


LINE_FIELDS = ("task", "title", "level", "wave", "base", "branch")
"""The names for `$NAME` in the templates of commit messages and of pull requests' titles."""
PULL_FIELDS = (*LINE_FIELDS, "tasks", "needs", "overlaps", "order", "checked")
"""The names for `$NAME` in the template of a pull request's body."""


class PullRequestSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """The `[pull-requests]` table: the texts and labels of new pull requests.

    `title` and `body` are templates with `$task`, `$title`, `$level`, `$wave`, `$base` and `$branch`, the
    body also with `$tasks`, `$needs`, `$overlaps`, `$order` and `$checked` (empty: gitcoord's own text).
    With `draft` they are drafts until it is their turn to land.
    """

    title: str = ""
    body: str = ""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    draft: bool = False


class TaskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[tasks]` table: which task list to read, and whether to write landed tasks back to it.

    `from` is `KIND[:PATH]` as in `--from`, the path relative to the repository's top (empty: TaskMaster's
    list, else the first list that is found); a list on the command line or of a saved plan overrides it. With
    `in_order` each task depends on the one before it. With `write_back` landed tasks are set to done in the
    list, as by `gitcoord sync`.
    """

    origin: str = msgspec.field(default="", name="from")
    in_order: bool = False
    write_back: bool = False


class RepositorySettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """A table under `[repositories]`: another repository for tasks of the list.

    `at` is its clone, relative to this repository's top, or a URL that gitcoord clones. The other keys
    override that repository's own settings; `strategy` overrides the plan's. `token` names the variable with
    its token.
    """

    at: str
    base: str | None = None
    strategy: Literal["single-pr", "multi-pr"] | None = None
    method: Literal["merge", "squash", "rebase"] | None = None
    forge: Literal["auto", "github", "local"] | None = None
    repository: str | None = None
    token: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """All settings of a repository; the names in the files are kebab-case.

    `repositories` are other repositories for tasks, by the names that tasks give as `repo`; a text is the
    repository's location. `foreign_commits`: what to do with a branch that has commits of an unsubmitted
    task: land it with a warning, or hold it until that task is submitted. `task_list_changes`: whether
    `submit` drops a branch's changes to the task list.
    """

    base: str | None = None
    remote: str = "origin"
    strategy: Literal["single-pr", "multi-pr"] = "single-pr"
    max_parallel: Annotated[int, msgspec.Meta(ge=1)] = 4
    method: Literal["merge", "squash", "rebase"] = "merge"
    forge: Literal["auto", "github", "local"] = "auto"
    repository: str | None = None
    serialize_on: SerializeOn = "conflict"
    ignore: tuple[str, ...] = ()
    foreign_commits: Literal["warn", "hold"] = "warn"
    task_list_changes: Literal["drop", "keep"] = "drop"
    rules: RuleSettings = RuleSettings()
    tasks: TaskSettings = TaskSettings()
    run: RunSettings = RunSettings()
    landing: LandingSettings = LandingSettings()
    engines: EngineSettings = EngineSettings()
    pull_requests: PullRequestSettings = PullRequestSettings()
    repositories: dict[str, str | RepositorySettings] = {}
    task_branch: str = "feature/level-{level}-task-{task}"
    level_branch: str = "feature/level-{level}-implementation"
    state_prefix: str = "refs/gitcoord/"
