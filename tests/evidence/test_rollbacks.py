"""What counts as rolled back, by commits alone."""

from pathlib import Path

import msgspec

from gitcoord.events import RollbackProposed, TaskLanded
from gitcoord.evidence.rollbacks import find_rollbacks, with_rollbacks
from gitcoord.evidence.trailer_syntax import ROLLED_BACK, trailer
from gitcoord.git.ancestry import Ancestry
from gitcoord.git.git_cli import Git
from gitcoord.state.task_history import replay
from gitcoord.tasks.model import TaskId
from tests.support.repos import Repo

LINES = "".join(f"{number}\n" for number in range(1, 10))
ONE, AT = TaskId("1"), "2025-01-01T00:00:00.000000+00:00"


def test_a_quoted_trailer_takes_nothing_back_and_a_squash_that_does_is_found(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    start = repo.commit({"lines": LINES, "other": "1\n"})
    head = repo.commit({"lines": LINES.replace("2\n", "two\n")}, branch="task-1")
    landing = repo.commit({"lines": LINES.replace("2\n", "two\n")}, "squashed")
    base = repo.commit({"lines": LINES.replace("2\n", "two\n").replace("8\n", "eight\n")}, "somebody goes on")
    told = TaskLanded(at=AT, by="w", task=ONE, branch="task-1", head=head, commit=landing)
    abandoned = repo.commit({"lines": LINES.replace("8\n", "eight\n")}, "Roll back", branch="rollback")
    event = RollbackProposed(
        at=AT, by="w", task=ONE, head=head, start=start, base=base, commit=abandoned, landing=landing
    )
    progress = replay([told, event])
    ancestry = Ancestry(Git(repo.path))
    quoted = f"We did not do this:\n\n{trailer(ROLLED_BACK, ONE, head)}\n"
    repo.commit({"other": "2\n"}, quoted)
    repo.commit({"lines": LINES.replace("2\n", "two\n").replace("8\n", "acht\n")}, quoted)
    assert find_rollbacks(Git(repo.path), ancestry, repo.tip("main"), progress) == {}

    done = repo.commit({"lines": LINES.replace("8\n", "acht\n")}, f"{quoted}\nCo-authored-by: X <x@y>\n")
    found = find_rollbacks(Git(repo.path), ancestry, repo.tip("main"), progress)
    assert [one.commit for one in found[ONE]] == [done]
    assert with_rollbacks(ancestry, progress, found)[ONE].state == "rolled-back"
    # The same head may have been landed once more since, by somebody's squash.
    again = msgspec.structs.replace(told, commit=repo.commit({"lines": LINES}, "squashed again"))
    landed = replay([told, event, again])
    assert with_rollbacks(ancestry, landed, found) == landed
