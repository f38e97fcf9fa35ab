"""`gitcoord tidy`: what of worktrees and branches goes, and that nothing is lost."""

from pathlib import Path

from tests.adoption.foreign import Foreign
from tests.reclaim.fleet import GOES, STAYS, Fleet
from tests.support.cli import gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.repos import Repo

__all__ = ["hub"]


def test_every_kind_of_worktree_goes_or_stays_as_it_should(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    try:
        for kind in sorted(GOES | STAYS):
            fleet.add(kind)
        before = fleet.repo.refs()
        shown = gitcoord("tidy", "--json", "--dry-run", cwd=fleet.repo.path, ok=0).json
        wrong = {
            one["path"]: one
            for one in shown["holdings"]
            if one["kind"] == "worktree" and one["removable"] != (fleet.kinds[one["path"]] in GOES)
        }
        assert wrong == {}
        states = {fleet.kinds[one["path"]]: one["state"] for one in shown["holdings"] if one["path"]}
        assert states["reverted"] == states["merged and reverted"] == "reverted"
        assert states["dirty"] == states["secret"] == states["hidden"] == states["abandoned"] == "dirty"
        assert states["locked"] == states["in use"] == states["rebasing"] == "busy"
        assert fleet.repo.refs() == before
        asked = gitcoord("tidy", cwd=fleet.repo.path)
        assert (asked.code, "Add `--yes`" in asked.err) == (2, True)
        ran = gitcoord("tidy", "--yes", "--json", cwd=fleet.repo.path, ok=0).json
        assert {path for path in fleet.kinds if not Path(path).exists()} == {
            path for path, kind in fleet.kinds.items() if kind in GOES
        }
        assert ran["freed"] > 0
        # What stays has its branch, where it was; and everything that was in a tree is there still.
        after = fleet.repo.refs()
        for path, kind in fleet.kinds.items():
            branch = f"refs/heads/agent/{Path(path).name}"
            if kind in STAYS:
                assert after.get(branch) == before[branch], kind
            else:
                assert branch not in after, kind
        fleet.repo.git("fsck", "--connectivity-only")
    finally:
        fleet.close()


def test_branches_go_by_the_remotes_base_and_by_age_and_those_that_somebody_works_on_stay(
    tmp_path: Path,
) -> None:
    remote, desk = Repo.pair(tmp_path)
    for name in ("landed", "waiting", "current", "rebased-now"):
        desk.commit({f"{name}.txt": name}, branch=name)
    desk.git("push", "--quiet", "origin", "waiting")
    desk.git("switch", "--quiet", "current")
    for name in ("landed", "current"):
        tip = desk.tip(name)
        desk.git("push", "--quiet", "origin", f"{name}:refs/scratch/{name}")
        remote.git("update-ref", "refs/heads/scratch", tip)
        tree = remote.git("merge-tree", "--write-tree", "main", tip)
        remote.git("update-ref", "refs/heads/main", remote.git("commit-tree", tree, "-p", "main", "-m", "s"))
    desk.git("branch", "fresh", "origin/main")
    desk.git("symbolic-ref", "refs/heads/alias", "refs/heads/landed")
    shown = gitcoord("tidy", "--dry-run", cwd=desk.path, ok=0)
    assert "landed" in shown.out
    told = gitcoord("tidy", "--older-than", "1h", "--dry-run", "--json", cwd=desk.path, ok=0).json
    states = {one["branch"]: one["state"] for one in told["holdings"]}
    assert states == {
        "fresh": "recent",
        "landed": "recent",
        "waiting": "unproved",
        "rebased-now": "unproved",
    }
    ran = gitcoord("tidy", "--yes", cwd=desk.path, ok=0)
    assert "Deleted landed was at" in ran.err
    left = {ref.removeprefix("refs/heads/") for ref in desk.refs() if ref.startswith("refs/heads/")}
    assert left == {"main", "waiting", "current", "rebased-now", "fresh"}
    assert "refs/heads/waiting" in remote.refs()


def test_a_merge_driver_proves_nothing(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a.txt": "1\n", ".gitattributes": "* merge=ours\n"})
    repo.git("config", "merge.ours.driver", "true")
    repo.commit({"a.txt": "2\n"}, branch="work")
    repo.commit({"a.txt": "3\n"})
    told = gitcoord("tidy", "--dry-run", "--json", cwd=repo.path, ok=0).json
    assert [(one["branch"], one["state"]) for one in told["holdings"]] == [("work", "unproved")]


def test_a_merged_pull_request_proves_what_git_cannot(hub: GitHubEmulator, tmp_path: Path) -> None:
    foreign = Foreign(hub, tmp_path)
    foreign.remote.commit({"a.txt": "first idea\n"}, branch="agent/a")
    foreign.desk.git("fetch", "--quiet")
    foreign.desk.git("branch", "--quiet", "agent/a", "origin/agent/a")
    number = foreign.pull("agent/a", {"a.txt": "second idea\n"}, at="agent/a")
    foreign.person.merge(number, method="squash", delete_head=True)
    by_git = foreign.run("tidy", "--dry-run", "--forge", "local", "--json", ok=0).json["holdings"]
    assert [(one["branch"], one["state"]) for one in by_git] == [("agent/a", "unproved")]
    assert "Deleted agent/a was at" in foreign.run("tidy", "--yes", ok=0).err
    assert "refs/heads/agent/a" not in foreign.desk.refs()
