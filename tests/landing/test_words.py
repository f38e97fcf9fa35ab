"""What people write in pull requests stays, and what tasks are called mentions nobody and closes nothing."""

import re
from pathlib import Path

import pytest

from tests.landing.scenes import three_tasks_on_github
from tests.support.github import GitHubEmulator, Person
from tests.support.github.fixtures import hub
from tests.support.github.model import Protection
from tests.support.project import Project
from tests.support.repos import Repo
from tests.support.tasklists import task

__all__ = ["hub"]
LIVE = re.compile(r"@\w|(?<!\\)#\d|GH-\d|://")
TITLE = "Closes #1 and fixes GH-2 for @acme/team, see https://github.com/acme/app/issues/3"


@pytest.mark.parametrize("titled", [False, True])
def test_only_gitcoords_own_block_and_title_follow_the_tasks(
    titled: bool, hub: GitHubEmulator, tmp_path: Path
) -> None:
    app = hub.make_repository("acme/app")
    url, env = app.authenticated_url, hub.environment()
    tasks = [task(1), task(2)]
    project = Project.create(
        tmp_path, tasks, strategy="single-pr", remote=Repo(app.git_dir), url=url, env=env
    )
    app.protect("main", Protection.requiring("ci"))
    project.work("1", {"1.txt": "1\n"})
    project.run("merge-level", "--partial")
    lisa, pull = Person(app), app.pulls[1]
    own = pull.body or ""
    assert pull.title == "level-0: tasks 1"
    lisa.edit(1, title="Lisa's title" if titled else None, body=f"Above.\r\n\r\n{own}\r\n\r\nBelow.")
    project.work("2", {"2.txt": "2\n"})
    project.run("merge-level", "--partial")
    body = pull.body or ""
    assert body.startswith("Above.\r\n\r\n<!-- gitcoord")
    assert body.endswith("-->\r\n\r\nBelow.")
    assert "**Task 2**" in body
    assert body.count("**Task 1**") == 1
    assert pull.title == ("Lisa's title" if titled else "level-0: tasks 1, 2")
    edits = len(hub.requests(r"PATCH .*/pulls/1$"))
    project.run("merge-level", "--partial")
    assert len(hub.requests(r"PATCH .*/pulls/1$")) == edits


def test_a_comment_that_imitates_gitcoords_marker_is_left_alone(hub: GitHubEmulator, tmp_path: Path) -> None:
    project = three_tasks_on_github(tmp_path, hub, "multi-pr")
    app = hub.repository("acme/app")
    project.run("merge-level")
    (own,) = app.comments
    marker = own.body.splitlines()[0]
    app.comments.clear()
    foreign = Person(app).comment(own.number, f"{marker}\nMine.")
    worker = project.worker("3")
    worker.run("checkout", "3", ok=0)
    worker.repo.path.joinpath("src/main.rs").write_text("neither\n")
    worker.run("submit", ok=0)
    project.remote.commit({"src/main.rs": "elsewhere\n"}, "in between")
    project.run("merge-level", "0")
    assert foreign.body == f"{marker}\nMine."
    assert [comment.author for comment in app.comments] == ["lisa", "mona"]
    project.run("merge-level", "0")
    assert len(app.comments) == 2


@pytest.mark.parametrize("strategy", ["single-pr", "multi-pr"])
@pytest.mark.parametrize("method", ["merge", "squash"])
def test_no_title_mentions_anybody_or_closes_anything(
    strategy: str, method: str, hub: GitHubEmulator, tmp_path: Path
) -> None:
    app = hub.make_repository("acme/app")
    project = Project.create(
        tmp_path,
        [task(1, title=TITLE), task(2, title=TITLE)],
        strategy=strategy,
        remote=Repo(app.git_dir),
        url=app.authenticated_url,
        env=hub.environment(),
    )
    (project.desk.path / "gitcoord.toml").write_text('[pull-requests]\ntitle = "$title"\n')
    for id in ("1", "2"):
        project.work(id, {f"{id}.txt": f"{id}\n"})
    project.run("merge-level", "--method", method, ok=0)
    project.run("rollback", "level-0")
    texts = [text or "" for pull in app.pulls.values() for text in (pull.title, pull.body)]
    texts += project.remote.git("log", "--format=%B", "main").split("(#")
    assert [text for text in texts if LIVE.search(text.replace("https://docs", ""))] == []
    assert any("Closes #\u200b1" in text for text in texts)
