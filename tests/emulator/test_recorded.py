"""Recorded truth: real requests to GitHub, sent to the emulator, are answered as GitHub answered them.

Not replayed: what the emulator does not know, because gitcoord never asks it (issues, a repository's labels
and settings, `GET …/git/refs/`, which GitHub's description has no more).
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.api import Api
from tests.emulator.recorded import differences, scenarios
from tests.support.github import EmulatedRepository, GitHubEmulator
from tests.support.repos import Repo

OWNER = "octokit-fixture-org"


@pytest.fixture(scope="module")
def recordings() -> Path:
    return scenarios()


class Replay:
    """One scenario on a repository of the same name; `shas` are what the recording's ids stand for here."""

    def __init__(
        self, hub: GitHubEmulator, recordings: Path, name: str, repository: str | None = None
    ) -> None:
        text = (recordings / name / "normalized-fixture.json").read_text(encoding="utf-8")
        self.calls: list[dict[str, Any]] = json.loads(text)
        self.app: EmulatedRepository = hub.make_repository(f"{OWNER}/{repository or name}")
        self.content = Repo(self.app.git_dir)
        self.api = Api(self.app)
        self.shas: dict[str, str] = {}
        self.found: list[str] = []

    def send(self, call: Mapping[str, Any]) -> Any:
        """Sends a recorded request and notes how the answer differs from the recorded one."""
        path, body = (self._here(json.dumps(call[key])) for key in ("path", "body"))
        before = (self.api.last.status_code, self.api.last.headers)
        status, answer = self.api.call(
            call["method"].upper(), self.app.server + json.loads(path), json.loads(body) or None
        )
        where = f"{call['method']} {call['path']}"
        assert status == call["status"], f"{where}: {before} {answer}"
        recorded = call["response"] if call["response"] != "" else None
        self.found += differences(recorded, answer)
        return answer

    def matching(self, pattern: str) -> Iterator[Mapping[str, Any]]:
        """The recorded requests whose `method path` matches."""
        for call in self.calls:
            if re.search(pattern, f"{call['method']} {call['path']}"):
                yield call

    def _here(self, text: str) -> str:
        for recorded, real in self.shas.items():
            text = text.replace(recorded, real)
        return text


def test_protecting_a_branch(hub: GitHubEmulator, recordings: Path) -> None:
    replay = Replay(hub, recordings, "branch-protection")
    replay.content.commit({"a": "a"})
    for call in replay.calls:
        replay.send(call)
    assert replay.found == []


def test_reporting_statuses(hub: GitHubEmulator, recordings: Path) -> None:
    replay = Replay(hub, recordings, "create-status")
    replay.shas[f"{1:040}"] = replay.content.commit({"a": "a"})
    answers = [replay.send(call) for call in replay.calls]
    assert replay.found == []
    assert answers[-1]["state"] == "failure"


def test_making_moving_and_deleting_refs(hub: GitHubEmulator, recordings: Path) -> None:
    replay = Replay(hub, recordings, "git-refs")
    replay.shas[f"{2:040}"] = replay.content.commit({"a": "a"})
    replay.shas[f"{1:040}"] = replay.content.commit({"a": "b"})
    for call in replay.matching("^(post|patch|delete) "):
        replay.send(call)
    assert replay.found == []


def test_labelling(hub: GitHubEmulator, recordings: Path) -> None:
    replay = Replay(hub, recordings, "add-labels-to-issue")
    replay.content.commit({"a": "a"})
    replay.content.commit({"b": "b"}, branch="work")
    replay.api.open_pull("work")
    for call in replay.matching("/labels$"):
        replay.send(call)
    assert replay.found == []


def test_reading_a_repository(hub: GitHubEmulator, recordings: Path) -> None:
    replay = Replay(hub, recordings, "get-repository", "hello-world")
    for call in replay.calls:
        replay.send(call)
    assert replay.found == []


def test_a_renamed_repository(hub: GitHubEmulator, recordings: Path) -> None:
    replay = Replay(hub, recordings, "rename-repository")
    hub.rename(f"{OWNER}/rename-repository", f"{OWNER}/rename-repository-newname")
    for call in replay.calls[1:4]:
        replay.send(call)
        location = call["headers"].get("location", "")
        assert (
            replay.api.last.headers.get("Location", "").replace(hub.url, "https://api.github.com") == location
        )
    assert replay.found == []


def test_links_to_other_pages(hub: GitHubEmulator, recordings: Path) -> None:
    replay = Replay(hub, recordings, "paginate-issues")
    replay.content.commit({"a": "a"})
    replay.content.commit({"b": "b"}, branch="b0")
    for number in range(13):
        replay.content.branch(f"b{number}", "b0")
        replay.api.open_pull(f"b{number}")
    for call in replay.calls:
        path = call["path"].replace("/issues?", "/pulls?")
        replay.api.call("GET", replay.app.server + path)
        link = replay.api.last.headers["Link"].replace(hub.url, "https://api.github.com")
        assert link.replace("/pulls?", "/issues?") == call["headers"]["link"]
