"""What an agent finds in its environment: nothing of the user's logins, unless a setting names it."""

from pathlib import Path

import pytest

from gitcoord.redact import SECRET_VARIABLES
from gitcoord.worker.attempt.environment import withheld
from tests.support.cli import gitcoord
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import BRANCH

SEEN = "env | sed -n 's/=.*//p' | sort"


@pytest.mark.parametrize("name", [*SECRET_VARIABLES, "GITCOORD_APP_PRIVATE_KEY"])
def test_logins_are_withheld_unless_they_are_named(name: str) -> None:
    assert withheld(name, ())
    assert not withheld(name, (name,))
    assert not withheld(f"MY_{name}", ())
    assert withheld("GIT_DIR", ("GIT_DIR",))


def test_agent_and_check_get_the_token_that_is_named_and_the_log_hides_it(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project", [task(1)])
    (project.desk.path / "gitcoord.toml").write_text("[run]\npass-environment = ['GITLAB_TOKEN']\n")
    env = {"GITHUB_TOKEN": "first-secret-1", "GH_TOKEN": "second-secret-2", "GITLAB_TOKEN": "third-secret-3"}
    say = 'echo "I have $GITLAB_TOKEN"'
    arguments = ("worker", "1", "--shell", "--agent", f"{SEEN} > agent; {say}", "--check", f"{SEEN} > check")
    ran = gitcoord(*arguments, cwd=project.desk.path, env=env, ok=0)
    for who in ("agent", "check"):
        seen = project.remote.read(BRANCH, who).splitlines()
        assert [name for name in env if name in seen] == ["GITLAB_TOKEN"]
        assert "GITCOORD_TASK_ID" in seen
    [log] = (project.desk.path / ".git" / "gitcoord" / "run").glob("1-1/log")
    for text in (ran.err, log.read_text()):
        assert "I have ***" in text
        assert "secret" not in text
