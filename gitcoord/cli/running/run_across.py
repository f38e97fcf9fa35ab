"""`gitcoord run` of a plan over several repositories: a run in each, then the levels land in all.

Works in rounds. First, a run in each repository does all work that can be done before something has to land.
Then levels land in all repositories, so that more tasks can start. A task of several repositories gets an
agent in each.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import typer

from gitcoord.cli.across.home_engines import ENGINES_FROM
from gitcoord.cli.across.repositories import Repositories
from gitcoord.cli.context import ALONE, Context, open_context
from gitcoord.cli.landing.across_options import AcrossRequest, options_maker
from gitcoord.cli.landing.check_options import CheckArguments, make_check_options
from gitcoord.cli.landing.merge_across import AcrossRun
from gitcoord.cli.running.open_engine import EngineChoice, open_engine, require_engine
from gitcoord.cli.running.run_options import RunRequest, check_words
from gitcoord.cli.running.run_shares import RunShare, run_shares
from gitcoord.cli.views.across import show_level
from gitcoord.cli.views.output import clean, emit, say
from gitcoord.errors import Exit, in_repository, usage_error
from gitcoord.landing.across.loop import LevelLander
from gitcoord.planning.parts import landed_everywhere
from gitcoord.worker.attempt.paths import run_directory

_REST = 5.0
"""Seconds to wait for the last lines of a process that has ended: a child of it may hold the output open."""


class NamedProcess:
    """A process without a terminal: the dashboards of several processes would overwrite each other."""

    def __init__(self, name: str, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        pipes = ((self._process.stdout, emit), (self._process.stderr, say))
        self._readers = [
            threading.Thread(target=_pass_on, args=(name, pipe, show), daemon=True)
            for pipe, show in pipes
            if pipe is not None
        ]
        for reader in self._readers:
            reader.start()

    def wait(self) -> int:
        """Waits for the end and the last lines; returns the exit code."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join(_REST)
        return code


def _pass_on(name: str, pipe: IO[bytes], show: Callable[[str], None]) -> None:
    """Prints the lines of the pipe. Reads them even if stdout is closed: a full pipe blocks the process."""
    wanted = True
    for line in pipe:
        text = line.decode("utf-8", "replace").rstrip()
        try:
            if wanted:
                show(clean(f"{name}: {text}") if text else "")
        except BrokenPipeError:
            wanted = False


_PASSED = {
    "agent": "--agent",
    "check": "--check",
    "timeout": "--timeout",
    "stagger": "--stagger",
    "overlap": "--overlap",
    "retries": "--retries",
    "rework": "--rework",
}
_PASSED_FLAGS = {"allow_empty": "--allow-empty", "independent_only": "--independent-only"}
_OF_ALL = ("max_parallel", "land", "land_check", "shell", "engine", *_PASSED, *_PASSED_FLAGS)


def run_across(request: RunRequest, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Runs the plan in all of its repositories.

    Raises `several-repositories` (exit 2) for options that apply to one repository only.
    """
    _require(request, as_json=as_json)
    several = Repositories(open_context(several=True))
    check_words(request, several.home.settings.run)
    several.refresh()
    plan = several.plan()
    if not dry_run:
        _require_engines(several.members(plan), request.engine)
        if not yes and sys.stdin.isatty():
            several.update_parts(plan)
            _run_each(several, request, yes=False, dry_run=True)
            if not typer.confirm("Run this?", default=True, err=True):
                say("Started nothing.")
                return
            yes = True
    before: object = None
    while True:
        several.update_parts(plan)
        codes = _run_each(several, request, yes=yes, dry_run=dry_run)
        if Exit.INTERRUPTED in codes:
            raise typer.Exit(Exit.INTERRUPTED)
        several.refresh()
        if dry_run or all(code == Exit.USAGE for code in codes):
            # No run could start, or this is a dry run.
            if any(codes):
                raise typer.Exit(max(codes))
            return
        if request.land:
            _land_levels(several)
        now = _task_states(several)
        if now == before or not request.land or _has_all_landed(several):
            break
        before = now
    landed = len(landed_everywhere(plan, several.landed(plan)))
    say(f"{landed} of {len(plan.tasks)} tasks have landed in all repositories that they work in.")
    if (request.land and landed < len(plan.tasks)) or any(codes):
        raise typer.Exit(Exit.NO)


def _has_all_landed(several: Repositories) -> bool:
    plan = several.plan()
    return len(landed_everywhere(plan, several.landed(plan))) == len(plan.tasks)


def _task_states(several: Repositories) -> object:
    """Returns the state of every task in each repository, to compare two rounds."""
    return {
        name: {
            task: (task_progress.state, task_progress.head)
            for task, task_progress in context.store.progress().items()
        }
        for name, context in several.contexts.items()
    }


def _run_each(several: Repositories, request: RunRequest, *, yes: bool, dry_run: bool) -> list[int]:
    plan = several.plan()
    members = several.members(plan)
    shares = run_shares(members, request.engine, request.max_parallel, plan.max_parallel)
    started = {}
    for name, context in members.items():
        say(f"{name}: run, at most {shares[name].most} at once")
        words = _words(request, shares[name], yes=yes, dry_run=dry_run)
        started[name] = _start(name, context, words, several.home.repository.root)
        if dry_run:
            started[name].wait()
    interrupted = False
    while True:
        try:
            codes = [process.wait() for process in started.values()]
            break
        except KeyboardInterrupt:
            # Ctrl-C has reached the child processes as well: they stop their work, then this one ends, too.
            interrupted = True
    codes = [code if code >= 0 else 128 - code for code in codes]
    return [*codes, Exit.INTERRUPTED] if interrupted else codes


def _start(name: str, context: Context, words: list[str], home: Path | None) -> NamedProcess:
    directory = context.repository.root or context.repository.common_dir
    argv = [sys.executable, "-X", "utf8", "-P", "-m", "gitcoord", "-C", str(directory), "run", *words]
    environ = {**context.environ, ALONE: "1"} | ({} if home is None else {ENGINES_FROM: str(home)})
    return NamedProcess(name, argv, environ)


def _words(request: RunRequest, share: RunShare, *, yes: bool, dry_run: bool) -> list[str]:
    words = ["--max-parallel", str(share.most)]
    chosen = request.engine
    engine = {"engine": chosen.name, "hosts": share.hosts, "scheduler": chosen.scheduler}
    engine |= {"template": chosen.template}
    words += [f"--{option}={value}" for option, value in engine.items() if value]
    words += [f"--param={given}" for given in chosen.parameters]
    for field, option in _PASSED.items():
        value = getattr(request, field)
        words += [] if value is None else [f"{option}={value}"]
    words += [option for field, option in _PASSED_FLAGS.items() if getattr(request, field)]
    if request.shell is not None:
        words.append("--shell" if request.shell else "--no-shell")
    return [*words, *(["--dry-run"] if dry_run else ["--yes"] if yes else [])]


def _require_engines(members: Mapping[str, Context], choice: EngineChoice) -> None:
    """Raises `usage` or `engine-refused` if a repository's engine cannot be used.

    Tries only one of several engines with the same settings.
    """
    asked: list[object] = []
    for name, context in members.items():
        with in_repository(name):
            directory = run_directory(context.repository.common_dir, 1)
            engine = open_engine(context, directory, 1, choice)
            settings = (engine.name, context.settings.engines, context.engine_directories)
            if settings not in asked:
                asked.append(settings)
                require_engine(engine)


def _land_levels(several: Repositories) -> None:
    """Lands the levels in order, as `gitcoord merge-level` does; stops at the first that is not complete."""
    check = make_check_options(several.home.settings, CheckArguments())
    for level in several.plan().levels:
        with ExitStack() as closing:
            run = AcrossRun(several, options_maker(AcrossRequest()), check, closing)
            report = LevelLander(run.across_context(level.name), run).land()
        if not report.complete:
            show_level(report)
            return


def _require(request: RunRequest, *, as_json: bool) -> None:
    usual = RunRequest()
    given = [
        field
        for field in request.__struct_fields__
        if field not in _OF_ALL and getattr(request, field) != getattr(usual, field)
    ]
    if as_json:
        given.append("json")
    if given:
        names = ", ".join(f"--{field.replace('_', '-')}" for field in given)
        raise usage_error(
            "several-repositories",
            f"Over several repositories, `gitcoord run` does not accept {names}.",
            "Set it in the settings of the repository concerned, or run the command in that clone.",
        )
