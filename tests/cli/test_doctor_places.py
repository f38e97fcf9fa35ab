"""`gitcoord doctor` on what lies outside the repository and makes landing differ."""

import os
from pathlib import Path

from tests.support.cli import gitcoord
from tests.support.repos import Repo


def findings(desk: Repo, name: str, code: int, **env: str) -> list[str]:
    told = gitcoord("doctor", "--json", cwd=desk.path, env=env, ok=code).json["findings"]
    return [one["message"] for one in told if one["name"] == name and one["verdict"] != "ok"]


def test_a_persons_own_merge_drivers_are_named(tmp_path: Path) -> None:
    remote, desk = Repo.pair(tmp_path)
    remote.commit({"CHANGELOG.md": "x\n", "a.txt": "a\n"})
    desk.git("pull", "--quiet", "origin", "main")
    attributes = tmp_path / "attributes"
    attributes.write_text("*.md merge=ours\n*.txt text\n")
    assert findings(desk, "attributes", 0) == []
    desk.git("config", "core.attributesFile", str(attributes))
    [said] = findings(desk, "attributes", 0)
    assert "change how git merges CHANGELOG.md, README.md" in said
    (desk.path / "gitcoord.toml").write_text('[rules]\nunion = ["CHANGELOG.md"]\n')
    attributes.write_text("*.md merge=union\n")
    assert "change how git merges README.md" in findings(desk, "attributes", 0)[0]
    (desk.path / ".gitattributes").write_text("*.md merge=ours\n")
    desk.git("add", "--all")
    desk.git("commit", "--quiet", "-m", "attributes")
    assert findings(desk, "attributes", 0) == []
    # What a command makes is not to be merged, and the command has to be there.
    settings = '[rules.regenerate]\n"CHANGELOG.md" = "no-such-tool --all"\n"a.txt" = "git version"\n'
    (desk.path / "gitcoord.toml").write_text(settings)
    missing, merged = findings(desk, "regenerate", 0)
    assert "needs no-such-tool, which is not installed here" in missing
    assert "how CHANGELOG.md is merged" in merged


def test_a_remote_with_the_base_checked_out_is_named(tmp_path: Path) -> None:
    remote = Repo.create(tmp_path / "shared dir")
    remote.commit({"a.txt": "a\n"})
    for url in (str(remote.path), remote.path.as_uri()):
        desk = Repo(tmp_path / f"desk-{len(url)}")
        remote.git("clone", "--quiet", "--", url, str(desk.path))
        [said] = findings(desk, "remote", 1)
        assert f"main is checked out in the remote, at {os.fspath(remote.path)}" in said
    remote.git("config", "receive.denyCurrentBranch", "updateInstead")
    assert findings(desk, "remote", 0) == []
    remote.git("config", "--unset", "receive.denyCurrentBranch")
    remote.git("switch", "--quiet", "-c", "elsewhere")
    assert findings(desk, "remote", 0) == []
