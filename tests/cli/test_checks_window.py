"""The window of checks: told as it changes, and shown below the dashboard."""

import io
from pathlib import Path

from rich.console import Console  # noqa: TID251

from gitcoord.checks.model import CheckCommand
from gitcoord.cli.context import open_context
from gitcoord.cli.views.dashboard.check_window import window_line
from gitcoord.cli.views.dashboard.dashboard import Dashboard
from gitcoord.cli.views.notices import notice_sentence
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.stacks import Stacks
from gitcoord.landing.level_search import LevelSearch
from gitcoord.landing.notices import LandingNotices
from gitcoord.landing.proof import CheckContext, CheckOptions, TaskHead
from gitcoord.notices import AnyNotice, ChecksRunning, WindowChosen
from gitcoord.tasks.model import TaskId
from gitcoord.worker.checking.checker import LocalChecker
from tests.landing.semantic import CHECK, renamed_function


def test_what_runs_what_has_passed_and_who_is_out_is_told_until_nothing_runs(tmp_path: Path) -> None:
    project = renamed_function(tmp_path, "single-pr")
    context, told = open_context(project.desk.path), list[AnyNotice]()
    context.store.refresh()
    git, tips = context.repository.git, context.shared.branches()
    base, command = tips["main"], CheckCommand(text=CHECK)
    place = CheckContext(
        git=git, store=context.store, stacks=Stacks(Ancestry(git), base, {}), base="main", base_commit=base
    )
    checker = LocalChecker(context.repository, command, 2, context.settings.run)
    options, notices = CheckOptions(command=command, flaky=0), LandingNotices(told.append)
    works = [
        TaskHead(task=TaskId(id), head=tips[f"feature/level-0-task-{id}"]) for id in ("1", "2", "3", "4")
    ]
    LevelSearch(place, options, checker, notices, (0, 0)).all(works)
    checker.close()
    windows = [one for one in told if isinstance(one, ChecksRunning)]
    assert windows[0] == ChecksRunning(base="main", running=(("1", "2"), ("1", "2", "3", "4")))
    assert windows[-1] == ChecksRunning(base="main", passed=("1", "3", "4"), out=("2",))
    assert all(one.running for one in windows[:-1])
    # What the window would hold of more branches than there are is not worth a word.
    assert [one.size for one in told if isinstance(one, WindowChosen)] == [4]


def test_the_dashboard_shows_the_window_in_one_line_while_checks_run_and_says_nothing_of_it() -> None:
    window = ChecksRunning(
        base="main", passed=("1", "2"), running=((), ("1", "2", "3"), ("1", "2", "3", "4")), out=("5",)
    )
    text = window_line(window, 100).plain
    assert text == "checks on main  ✓ 1, 2  ▶ the base  ▶ up to 3 (3)  ▶ up to 4 (4)  ✗ 5"
    assert len(window_line(window, 20).plain) == 20
    assert notice_sentence(window) == ""
    out = io.StringIO()
    with Dashboard(Console(file=out)) as dashboard:
        dashboard.tell(window)
    assert out.getvalue() == ""
