"""Settings: one typed value. `settings_file` says where it is read from.

Command-line options and environment variables override them where a command offers them.
"""

from typing import Annotated, Literal

import msgspec

AtLeastNone = msgspec.Meta(ge=0)
EngineName = Literal["local", "ssh", "kubernetes", "slurm"]
"""What executes attempts."""
Preset = Literal["common", "python", "node", "rust", "go", "java", "ruby", "php", "dotnet"]
"""The names of rules that fit an ecosystem; `conflicts.presets` holds them."""
SerializeOn = Literal["conflict", "adjacent", "symbol", "overlap"]
"""What keeps two tasks out of one wave, each with all that stands before it: a merge that fails, lines next
to each other, one function or section that both change, any shared path."""


Prove = Literal["each", "last"]
"""Which trees of a row of pull requests that land one after the other have to pass the check."""


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[rules]` table: patterns as in .gitignore for paths that count in another way than others.

    `preset` adds patterns for ecosystems by name. `on_scratch` says what `submit` does with a branch that
    adds scratch files: refuse it, drop them with one more commit, or allow them. `same_number` says whether
    two branches that add files of one number to a directory count as `exclusive` there. New files that match
    `hold_back`, or are larger than `max_file_megabytes` (0: no limit), are not committed for an agent; names
    of secrets and agents' own notes are held back without a pattern, and `!` takes a path out of that.
    `regenerate` maps a pattern to the command that makes what it matches: such files are not merged.
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

    `agent` and `check` are commands, taken apart into words unless `shell` says that a shell reads them.
    `timeout` is what one attempt may take (`30m`, `2h`; empty: no limit), `memory_megabytes` what its
    processes may use together (0: no limit), `grace` the seconds between asking
    a process to end and ending it. `rework` is how often a conflict goes back to the agent. `fresh` begins
    another try from a new checkout instead of the one that was left. `commit_hooks` lets the
    repository's hooks see what a worker commits of what an agent left. `nested_repositories` says what comes
    of a repository that an agent made inside its checkout: its files are committed, or the attempt fails;
    one with a remote of its own fails in any case. `worktrees` is where checkouts go
    (default: a directory beside the repository), `keep_checkout` says which of them stay. A log keeps
    `log_megabytes` of what an agent prints: its beginning and its end. Logs of what has landed are removed
    after `keep_logs_days`, the oldest first while all take more than `keep_logs_megabytes` (0: never).

    `setup` is a command that is run once in each checkout before its agent begins; files of the user's own
    checkout that git does not know and that match `carry` (patterns as in .gitignore) are copied there first.
    `prompt` is the project's own template around the prompt, a file relative to the repository's top.
    `engine` is what executes attempts: this machine, or what `[engines]` describes.
    `on_event` is a command that gets each event of a run as JSON on its standard input.
    `pass_environment` names variables with tokens (`GITHUB_TOKEN`) that agents get to see all the same.
    `idle_timeout` is how long an agent may print nothing new, use no CPU and change nothing (`none`: for
    ever).
    `lease` is how long an attempt that sends no heartbeat still counts as under way, for runs on other
    machines (`none`: for ever). `account` names what the agents pay with: once its usage limit is reached,
    no machine with that name starts one until it ends. `limit_patterns` are regular expressions for what an
    agent prints then, beside those that gitcoord knows.

    After `same_failures` tasks in a row that failed alike a run starts nothing more (0: it goes on).
    `retries` is how often a task that failed is tried again. `overlap` says what becomes of a task that
    clashes with one at work: it waits, or starts with a warning. `stagger` is the time between two starts.
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
    nested_repositories: Literal["add", "fail"] = "add"
    worktrees: str = ""
    keep_checkout: Literal["failed", "always", "never"] = "failed"
    log_megabytes: Annotated[float, msgspec.Meta(ge=0.01)] = 8.0
    memory_megabytes: Annotated[int, AtLeastNone] = 0
    keep_logs_days: Annotated[float, AtLeastNone] = 30.0
    keep_logs_megabytes: Annotated[float, AtLeastNone] = 500.0
    lease: str = "5m"
    account: str = ""
    limit_patterns: tuple[str, ...] = ()
    same_failures: Annotated[int, AtLeastNone] = 3
    retries: Annotated[int, AtLeastNone] = 1
    overlap: Literal["wait", "warn"] = "wait"
    stagger: str = ""


class LandingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[landing]` table: the check that a tree has to pass before the base becomes it.

    `check` is a command (empty: none; `run --land` takes its own), taken apart into words unless `shell`
    under `[run]` says that a shell reads them. `slots` is how many checks run at once (0: as many as there
    are cores, at most 8), `window` how many branches ahead are checked (0: by the failures of the last
    landings). `check_timeout` is what one check may take, `flaky` how often a failure is checked again
    before a task is blamed for it. `clean` removes what git ignores from a checkout before each check, too.
    `environment` names what results depend on beside the files: change it when the tools change.
    `prove` says what has to pass where pull requests land one after the other: each tree that the base
    becomes, or only the last of a row that was checked as a whole.
    `status` names a commit status that says on each head what the combination with it gave (empty: none).
    `checks_per_hour` is how many checks may start in an hour on one machine (0: any number).
    `share_results` lets a check that passed on one machine count on the others that share the repository.
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


class SshSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines.ssh]` table: machines that do attempts.

    `hosts` are names as `ssh` takes them, each with its number of attempts at once (`build1:3`). `command` is
    the user's `ssh` with options of its own, `program` what `gitcoord` is called on the hosts.
    """

    hosts: tuple[str, ...] = ()
    command: str = "ssh"
    program: str = "gitcoord"


class KubernetesSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """The `[engines.kubernetes]` table: a cluster that does attempts, a Job for each.

    `image` has git, gitcoord and the agent. `template` is a file with a Job of your own, relative to the
    repository's top, that gitcoord fills in. `secret` names a Secret of the cluster with the variables of
    `pass-environment`; without it gitcoord makes one for each Job. `cpu` and `memory` are what Kubernetes
    takes (`500m`, `4Gi`), `slots` how many Jobs there are at once (0: as many as `max-parallel`). A Job whose
    container has not begun after `start-timeout` is ended; `keep` is how long Jobs that have ended stay.
    `command` is the user's `kubectl` with options of its own.
    """

    image: str = ""
    template: str = ""
    namespace: str = ""
    secret: str = ""
    service_account: str = ""
    cpu: str = ""
    memory: str = ""
    slots: int = 0
    start_timeout: str = "30m"
    keep: str = "1h"
    command: str = "kubectl"


class SlurmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines.slurm]` table: a batch system that does attempts, a job for each.

    `options` are given to `sbatch` as they are (`--partition=agents`, `--mem=8G`). `program` is what gitcoord
    is called on the compute nodes, `slots` how many jobs there are at once (0: as many as `max-parallel`).
    """

    options: tuple[str, ...] = ()
    program: str = "gitcoord"
    slots: int = 0


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines]` table: one table for each engine beyond this machine."""

    ssh: SshSettings = SshSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    slurm: SlurmSettings = SlurmSettings()


class TaskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[tasks]` table: which task list is read, and whether it is told what has landed.

    `from` is `KIND[:PATH]` as in `--from`, the path relative to the repository's top (empty: TaskMaster's
    list, else what is found); a list that is named or that a plan keeps goes first. With `in_order` each task
    depends on the one before it. With `write_back` what lands is set to done in the list, as `gitcoord sync`
    does.
    """

    origin: str = msgspec.field(default="", name="from")
    in_order: bool = False
    write_back: bool = False


class RepositorySettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """A table under `[repositories]`: another repository that tasks of the list work in.

    `at` is its clone, relative to this repository's top, or a URL of which gitcoord keeps a clone. The others
    go before the settings of that repository itself; `strategy` goes before the plan's. `token` names the
    variable that holds the token for it.
    """

    at: str
    base: str | None = None
    strategy: Literal["single-pr", "multi-pr"] | None = None
    method: Literal["merge", "squash", "rebase"] | None = None
    forge: Literal["auto", "github", "local"] | None = None
    repository: str | None = None
    token: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Everything that a repository may set; the names in the files are kebab-case.

    `repositories` are other repositories that tasks work in, by the names that tasks give as `repo`; a text
    is where one is. `foreign_commits` says what becomes of a branch with commits of a task that was not
    handed in: a warning, or it is held until that one is. `task_list_changes` says whether `submit` puts the
    task list on a branch back to what it was.
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
