"""`gitcoord hotspots`: where past changes would have conflicted, and the rules that prevent it."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from gitcoord.cli.main import main
from tests.cli.plan_shell import Ended
from tests.support.repos import Repo

SETTINGS = "# Ours, with a comment\nmax-parallel = 3 # three\n\n[rules]\nunion = ['AUTHORS'] # kept\n"


@pytest.fixture
def hotspots(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def hotspots(work: Repo, *arguments: str) -> Ended:
        before = Path.cwd()
        os.chdir(work.path)
        try:
            capsys.readouterr()
            return Ended(main(["hotspots", *arguments]), *capsys.readouterr())
        finally:
            os.chdir(before)

    return hotspots


@pytest.fixture
def run(
    tmp_path: Path, hotspots: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    # The one tool that is looked for here; poetry is not there.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    first = {
        "CHANGELOG.md": "# Changes\n",
        "app.py": "VALUE = 0\n",
        "uv.lock": "a\n",
        "x/yarn.lock": "a\n",
        "gitcoord.toml": SETTINGS,
    }
    remote, work = Repo.pair(tmp_path, first)
    entries: list[str] = []
    for number in range(24):
        # Every change adds an entry on top; every fourth one changes the line that is everybody's.
        entries.insert(0, f"- change {number}\n")
        files = {"CHANGELOG.md": "# Changes\n" + "".join(entries), f"part_{number}.py": "pass\n"}
        if number % 4 == 0:
            files |= {"app.py": f"VALUE = {number + 1}\n"}
            files |= dict.fromkeys(("uv.lock", "x/yarn.lock"), f"locked {number}\n")
        remote.commit(files, f"Do what is number {number}")
    work.git("pull", "--quiet")

    def run(*arguments: str) -> Ended:
        return hotspots(work, *arguments)

    return run


def test_hotspots_are_found_and_their_rules_remove_them(run: Callable[..., Ended], tmp_path: Path) -> None:
    told = run("--json").json
    spots = {spot["path"]: spot for spot in told["hotspots"]}
    assert {path: (spot["kind"], spot["remedy"]) for path, spot in spots.items()} == {
        "CHANGELOG.md": ("append", "union"),
        "app.py": ("hub", "split"),
        "uv.lock": ("lock", "regenerate"),
        "x/yarn.lock": ("lock", "exclusive"),
    }
    assert spots["CHANGELOG.md"]["conflicts"] > spots["app.py"]["conflicts"] > 1
    # All but the pairs that conflict in the hub, too.
    assert told["removed"] == told["conflicts"] - spots["app.py"]["conflicts"]
    made = {"regenerate": {"/uv.lock": "uv lock"}}
    assert told["rules"] == {"union": ["/CHANGELOG.md"], "exclusive": ["/x/yarn.lock"]} | made
    assert told["applied"] is False
    settings = tmp_path / "work" / "gitcoord.toml"
    assert run("--apply", "--dry-run").code == 0
    assert settings.read_text() == SETTINGS
    text = run("--apply")
    assert "Wrote the rules into gitcoord.toml." in text.err
    assert "CHANGELOG.md" in text.out.splitlines()[1]
    written = settings.read_text()
    rules = {"union": ["AUTHORS", "/CHANGELOG.md"], "exclusive": ["/x/yarn.lock"]} | made
    assert tomllib.loads(written)["rules"] == rules
    for kept in ("# Ours, with a comment", "max-parallel = 3 # three", "# kept"):
        assert kept in written
    # History replayed under the new rules: what the union rule covers conflicts no more.
    after = run("--json").json
    assert {spot["path"] for spot in after["hotspots"]} == {"app.py"}
    assert (after["removed"], after["rules"]) == (0, {})
    assert after["conflicts"] == spots["app.py"]["conflicts"]


def test_what_cannot_be_asked_is_one_error(run: Callable[..., Ended]) -> None:
    assert "--dry-run needs --apply" in run("--dry-run").err
    assert run("--base", "nowhere").code == 2


def test_a_list_grows_although_routine_changes_hide_its_edits(
    hotspots: Callable[..., Ended], tmp_path: Path
) -> None:
    remote, work = Repo.pair(tmp_path, {"notes.txt": "Notes\n", "uv.lock": "a\n"})
    notes: list[str] = []
    for number in range(20):
        notes.insert(0, f"- note {number}\n")
        files = {"notes.txt": "Notes\n" + "".join(notes)}
        remote.commit(
            files | ({"uv.lock": f"mine {number}\n"} if number < 3 else {}), f"Note number {number}"
        )
    # These are no tasks, but they touch a file that conflicted.
    for number in range(25):
        remote.commit({"uv.lock": f"locked {number}\n"}, f"chore(deps): bump a to {number}")
    work.git("pull", "--quiet")
    told = hotspots(work, "--changes", "20", "--json").json
    kinds = {spot["path"]: (spot["kind"], spot["remedy"]) for spot in told["hotspots"]}
    assert kinds["notes.txt"] == ("append", "union")


def test_no_rule_removes_a_conflict_with_a_deleted_file(
    hotspots: Callable[..., Ended], tmp_path: Path
) -> None:
    remote, work = Repo.pair(tmp_path, {"CHANGELOG.md": "# Changes\n", "kept.txt": "a\n"})
    for number in range(20):
        # One change makes the list of a version, the next one adds to it.
        files = {f"CHANGES-{number // 2}.md": "# Version\n" + "- entry\n" * (number % 2)}
        remote.commit(files, f"Version, part {number}")
    work.git("pull", "--quiet")
    before = hotspots(work, "--changes", "20", "--json").json
    assert (before["conflicts"], before["removed"]) == (10, 0)
    assert hotspots(work, "--changes", "20", "--apply").code == 0
    assert hotspots(work, "--changes", "20", "--json").json["conflicts"] == 10
