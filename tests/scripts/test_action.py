"""The GitHub Action: what `scripts/action.py` does for a pull request, against the emulated GitHub."""

import json
import subprocess
import sys
from pathlib import Path

from scripts.action import MARKER, comment, text
from tests.adoption.foreign import Foreign, changed
from tests.support.cli import environment
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub

__all__ = ["hub"]

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "action.py"


def test_one_comment_says_who_conflicts_and_a_label_lands(hub: GitHubEmulator, tmp_path: Path) -> None:
    foreign = Foreign(hub, tmp_path)
    first = foreign.pull("agent/one", {"src/main.rs": changed(5, by="@octocat `<b>")})
    second = foreign.pull("agent/two", {"src/main.rs": changed(5, by="two")})
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": second, "base": {"ref": "main"}}}))
    output = tmp_path / "output"

    def act(**inputs: str) -> int:
        given = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
        more = {
            **hub.environment(),
            **given,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REPOSITORY": "acme/app",
            "RUNNER_TEMP": str(tmp_path),
        }
        return subprocess.run(
            [sys.executable, SCRIPT], cwd=foreign.desk.path, env=environment(more)
        ).returncode

    assert act(mode="check") == 0
    assert act(mode="check", fail="true") == 1
    (told,) = foreign.app.comments
    assert told.number == second
    assert told.body.startswith(MARKER)
    assert f"- #{first} and #{second}: `src/main.rs`" in told.body
    assert "conflicts=1\n" in output.read_text()
    foreign.app.pulls[first].labels.append("land")
    assert act(mode="land", label="land") == 0
    assert [foreign.app.pulls[number].merged for number in (first, second)] == [True, False]
    assert act(mode="land") == 2


def test_text_of_others_is_only_text_in_the_comment() -> None:
    assert text("`@octocat` closes #1 | <img>\n") == "`@octocat  closes #1    img`"
    pair = {"tasks": ["a|b", "2"], "verdict": "conflict", "conflicted_paths": ["`x`\n# y"]}
    body = comment({"pairs": [pair], "branches": [], "landing_order": ["2"]}, "2")
    assert "- `a b` and #2: `x  # y`" in body
