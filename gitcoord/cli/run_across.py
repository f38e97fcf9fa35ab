"""`gitcoord run` of a plan over several repositories: a run in each, then the levels land across all.

Rounds follow each other: in each repository a run does what can be done there until something has to
land; then levels land in all repositories, which lets more begin. A task of several repositories is done in
each by an agent of its own.
"""

import subprocess
import sys
from contextlib import ExitStack

import typer

from gitcoord.cli.check_options import CheckArguments, make_check_options
from gitcoord.cli.context import ALONE, Context, open_context
from gitcoord.cli.merge_across import AcrossRequest, AcrossRun, options_maker
from gitcoord.cli.repositories import Repositories
from gitcoord.cli.run_options import RunRequest
from gitcoord.cli.views.across import show_level
from gitcoord.cli.views.output import say
from gitcoord.errors import Exit, usage_error
from gitcoord.landing.across.loop import LevelLander
from gitcoord.planning.parts import landed_everywhere

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
_OF_ALL = ("max_parallel", "land", "land_check", "shell", *_PASSED, *_PASSED_FLAGS)


def run_across(request: RunRequest, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Runs the plan in all of its repositories. Raises `several-repositories` for options of a single one."""
    _require(request, as_json=as_json)
    several = Repositories(open_context(several=True))
    several.refresh()
    plan = several.plan()
    before: object = None
    while True:
        several.update_parts(plan)
        codes = _run_each(several, request, yes=yes, dry_run=dry_run)
        if Exit.INTERRUPTED in codes:
            raise typer.Exit(Exit.INTERRUPTED)
        several.refresh()
        if dry_run or all(code == Exit.USAGE for code in codes):
            # None could start, or none should.
            if any(codes):
                raise typer.Exit(max(codes))
            return
        if request.land:
            _land_levels(several)
        now = _stand(several)
        if now == before or not request.land or _is_all_in(several):
            break
        before = now
    landed = len(landed_everywhere(plan, several.landed(plan)))
    say(f"{landed} of {len(plan.tasks)} tasks have landed in all repositories that they work in.")
    if (request.land and landed < len(plan.tasks)) or any(codes):
        raise typer.Exit(Exit.NO)


def _is_all_in(several: Repositories) -> bool:
    plan = several.plan()
    return len(landed_everywhere(plan, several.landed(plan))) == len(plan.tasks)


def _stand(several: Repositories) -> object:
    """Returns the state of every task in each repository, to compare two rounds."""
    return {
        name: {
            task: (task_progress.state, task_progress.head)
            for task, task_progress in context.store.progress().items()
        }
        for name, context in several.contexts.items()
    }


def _run_each(several: Repositories, request: RunRequest, *, yes: bool, dry_run: bool) -> list[int]:
    members = several.members(several.plan())
    wanted = request.max_parallel or ""
    total = int(wanted) if wanted.isascii() and wanted.isdecimal() else several.plan().max_parallel
    most = max(1, total // len(members))
    started = {}
    for name, context in members.items():
        say(f"{name}: run, at most {most} at once")
        started[name] = _start(context, _words(request, most, yes=yes, dry_run=dry_run))
        if dry_run:
            started[name].wait()
    try:
        codes = [process.wait() for process in started.values()]
    except KeyboardInterrupt:
        # Ctrl-C has reached the child processes as well: they stop their work, and this process ends, too.
        codes = [process.wait() for process in started.values()]
        return [*codes, Exit.INTERRUPTED]
    return [code if code >= 0 else 128 - code for code in codes]


def _start(context: Context, words: list[str]) -> "subprocess.Popen[bytes]":
    directory = context.repository.root or context.repository.common_dir
    argv = [sys.executable, "-X", "utf8", "-P", "-m", "gitcoord", "-C", str(directory), "run", *words]
    return subprocess.Popen(argv, env={**context.environ, ALONE: "1"}, stdin=subprocess.DEVNULL)


def _words(request: RunRequest, most: int, *, yes: bool, dry_run: bool) -> list[str]:
    words = ["--max-parallel", str(most)]
    for field, option in _PASSED.items():
        value = getattr(request, field)
        words += [] if value is None else [f"{option}={value}"]
    words += [option for field, option in _PASSED_FLAGS.items() if getattr(request, field)]
    if request.shell is not None:
        words.append("--shell" if request.shell else "--no-shell")
    return [*words, *(["--dry-run"] if dry_run else ["--yes"] if yes else [])]


def _land_levels(several: Repositories) -> None:
    """Lands what can land, level by level, as `gitcoord merge-level` does."""
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
            "Set it in the settings of the repository that it is about, or run in its clone.",
        )
