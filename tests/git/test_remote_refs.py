"""Compare-and-swap on the refs that all workers see, with a remote and without one."""

import os
from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.git.remote_refs import HEADS, RefUpdate, SharedRefs
from tests.git.world import STATE, hook, race, shared_of
from tests.support.repos import Repo


class World:
    """A repository to act in, where its shared refs really are, and a second worker beside the first."""

    def __init__(self, here: Repo, truth: Repo, other: Repo) -> None:
        self.here = here
        self.truth = truth
        self.other = other
        self.shared = shared_of(here)

    def commit(self, text: str, branch: str = "scratch") -> str:
        """A commit that is only here, on no shared ref."""
        new = self.here.commit({"file.txt": text}, branch=branch)
        self.here.git("update-ref", "-d", f"refs/heads/{branch}")
        return new


@pytest.fixture(params=["with a remote", "without a remote"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    if request.param == "with a remote":
        remote, work = Repo.pair(tmp_path)
        return World(work, remote, remote.clone(tmp_path / "other"))
    repo = Repo.create(tmp_path / "alone")
    repo.commit({"README.md": "# Project\n"})
    return World(repo, repo, repo)


def test_a_ref_is_created_moved_and_deleted(world: World) -> None:
    ref, one, two = STATE + "tasks/1", world.commit("one"), world.commit("two")
    assert world.shared.read(ref) is None
    for update in (RefUpdate(ref, None, one), RefUpdate(ref, one, two), RefUpdate(ref, two, None)):
        assert world.shared.publish([update])
        assert world.shared.read(ref) == update.new
        assert world.truth.refs().get(ref) == update.new


def test_a_writer_that_saw_an_older_state_loses_and_then_sees_the_newer_one(world: World) -> None:
    ref, one = STATE + "plan", world.commit("one")
    late = shared_of(world.other)
    assert world.shared.publish([RefUpdate(ref, None, one)])
    theirs = world.other.commit({"x": "x"}, branch="scratch-of-other")
    assert not late.publish([RefUpdate(ref, None, theirs)])
    assert late.read(ref) == one
    assert not late.publish([RefUpdate(ref, theirs, world.other.tip("main"))])
    assert world.truth.refs()[ref] == one


def test_an_answer_that_was_lost_counts_as_applied_when_the_write_is_repeated(world: World) -> None:
    update = RefUpdate(STATE + "tasks/1", None, world.commit("one"))
    assert world.shared.publish([update])
    assert shared_of(world.here).publish([update])
    newer = RefUpdate(update.ref, update.new, world.commit("two"))
    assert world.shared.publish([newer])
    assert world.shared.publish([newer])


def test_many_refs_move_together_or_not_at_all(world: World) -> None:
    one, two = world.commit("one"), world.commit("two")
    first, second = STATE + "tasks/1", STATE + "tasks/2"
    assert world.shared.publish([RefUpdate(first, None, one)])
    assert not world.shared.publish([RefUpdate(second, None, two), RefUpdate(first, None, two)])
    assert second not in world.truth.refs()
    assert world.shared.publish([RefUpdate(second, None, two), RefUpdate(first, one, two)])
    assert world.truth.refs()[first] == world.truth.refs()[second] == two


def test_names_are_read_exactly_and_never_as_revisions(world: World) -> None:
    ref, one = STATE + "tasks/1", world.commit("one")
    world.shared.publish([RefUpdate(ref, None, one)])
    for name in (ref + "^0", ref + "~0", STATE + "tasks", STATE + "tasks/", STATE + "tasks/*", "HEAD", one):
        assert world.shared.read(name) is None
    # Git would take this branch for `refs/heads/gone`, if there were no such branch.
    world.shared.publish([RefUpdate(HEADS + "refs/heads/gone", None, one)])
    assert world.shared.branch("gone") is None


def test_branches_with_odd_names_are_listed(world: World) -> None:
    one = world.commit("one")
    names = ["--upload-pack=x", "a\u2028b", "a\x85b", "ä/ö", "caf\udce9"]
    for name in names:
        assert world.shared.publish([RefUpdate(HEADS + name, None, one)])
        assert world.shared.branch(name) == one
    assert set(world.shared.branches()) >= {"main", *names}


def test_a_branch_in_the_place_of_a_directory_is_refused_in_words(world: World) -> None:
    one = world.commit("one")
    assert world.shared.publish([RefUpdate(HEADS + "dir/leaf", None, one)])
    with pytest.raises(GitcoordError, match=r"dir/leaf exists, and git cannot keep both") as failure:
        world.shared.publish([RefUpdate(HEADS + "dir", None, one)])
    assert (failure.value.code, failure.value.passing) == ("name-taken", "never")
    assert failure.value.exit == Exit.REFUSED


def test_of_many_processes_that_create_the_same_ref_exactly_one_wins(world: World) -> None:
    ref = STATE + "open/main/from/level-0"
    commits = [world.commit(f"racer {number}") for number in range(8)]
    outcomes = race("tests.git.racer", [[str(world.here.path), ref, commit] for commit in commits])
    assert outcomes.count("won") == 1
    assert world.truth.refs()[ref] == commits[outcomes.index("won")]


def test_state_kept_in_branches_is_no_branch(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    remote.branch("gitcoord-state/plan")
    shared = SharedRefs(shared_of(work).repository, "refs/heads/gitcoord-state/")
    shared.refresh()
    assert set(shared.branches()) == {"main"}
    assert shared.read("refs/heads/gitcoord-state/plan") == remote.tip("main")


def test_a_refusal_carries_the_words_of_the_remote_without_its_secrets(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    hook(remote, "pre-receive", "echo 'No pushing on Sundays, says https://bot:hunter2@ci.example/'; exit 1")
    shared = shared_of(work)
    with pytest.raises(GitcoordError) as failure:
        shared.publish([RefUpdate(STATE + "plan", None, work.tip("main"))])
    assert failure.value.code == "push-refused"
    assert "No pushing on Sundays" in failure.value.message
    assert "https://***@ci.example/" in failure.value.message
    assert "hunter2" not in failure.value.message
    assert remote.refs() == {"refs/heads/main": work.tip("main")}


def test_a_remote_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    remote.path.rename(tmp_path / "elsewhere.git")
    for attempt in (
        shared.refresh,
        lambda: shared.publish([RefUpdate(STATE + "plan", None, "0" * 39 + "1")]),
    ):
        with pytest.raises(
            GitcoordError, match=r"The remote origin cannot be read: fatal: .*origin\.git"
        ) as failure:
            attempt()
        assert failure.value.code == "unreachable"


def test_refreshing_touches_nothing_of_the_users(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    before = work.refs()
    newer = remote.commit({"a.txt": "a"})
    shared = shared_of(work)
    assert shared.branch("main") == newer
    mirror = "refs/gitcoord-mirror/"
    assert {name: oid for name, oid in work.refs().items() if not name.startswith(mirror)} == before
    assert not (work.path / ".git/FETCH_HEAD").exists()


def test_what_is_gone_on_the_remote_is_gone_here(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    remote.branch("dir")
    shared = shared_of(work)
    remote.git("update-ref", "-d", "refs/heads/dir")
    remote.branch("dir/leaf")
    shared.refresh()
    assert set(shared.branches()) == {"main", "dir/leaf"}


@pytest.mark.parametrize("content", ["", "1234567890123456789012345678901234567890\n", "garbage"])
def test_a_private_copy_that_a_crash_left_broken_is_fetched_again(tmp_path: Path, content: str) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    path = work.path / ".git/refs/gitcoord-mirror/origin/refs/heads/main"
    path.write_text(content)
    shared.refresh()
    assert shared.branch("main") == remote.tip("main")


@pytest.mark.parametrize("at", [0, 1 << 33], ids=["long ago", "before the clock was set back"])
def test_a_lock_that_a_killed_git_left_in_the_private_copy_does_not_stay(tmp_path: Path, at: int) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    lock = work.path / ".git/refs/gitcoord-mirror/origin/refs/heads/main.lock"
    lock.touch()
    os.utime(lock, (at, at))
    remote.commit({"newer.txt": "newer\n"})
    shared.refresh()
    assert shared.branch("main") == remote.tip("main")
    assert not lock.exists()


def test_a_broken_ref_is_an_error_and_no_missing_one(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "alone")
    head = repo.commit({"README.md": "# Project\n"})
    shared = shared_of(repo)
    ref = STATE + "tasks/1"
    path = repo.path / ".git" / ref
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(GitcoordError, match=r"refs/gitcoord/tasks/1 exists, but points to no commit"):
        shared.read(ref)
    with pytest.raises(GitcoordError, match="leaves it unchanged"):
        shared.publish([RefUpdate(ref, None, head)])
    assert shared.broken(STATE) == (ref,)
    assert path.read_text() == ""


@pytest.mark.parametrize("content", ["", "rubbish", "0" * 40, "1" * 40])
def test_a_record_on_the_remote_that_points_to_nothing_hides_no_other(tmp_path: Path, content: str) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    for number in range(2, 9):
        remote.git("update-ref", f"{STATE}tasks/{number}", remote.tip("main"))
    path = remote.path / STATE / "tasks" / "1"
    path.write_text(f"{content}\n")
    shared.refresh()
    assert shared.broken(STATE) == (f"{STATE}tasks/1",)
    assert len(shared.list(STATE)) == 7
    with pytest.raises(GitcoordError, match=r"refs/gitcoord/tasks/1 exists, but points to no commit"):
        shared.read(f"{STATE}tasks/1")
    assert path.read_text() == f"{content}\n"


def test_the_copy_follows_a_push_without_asking_again(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    new = work.commit({"a.txt": "a"}, branch="feature")
    assert shared.publish([RefUpdate(HEADS + "feature", None, new)])
    remote.path.rename(tmp_path / "elsewhere.git")
    assert shared.branch("feature") == new


def test_a_clone_that_mirrors_its_remote_moves_only_what_it_is_told_to(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    mirror = remote.clone(tmp_path / "mirror", "--mirror")
    new = mirror.commit({"a.txt": "a"}, branch="feature")
    mirror.commit({"b.txt": "b"}, branch="private")
    assert shared_of(mirror).publish([RefUpdate(HEADS + "feature", None, new)])
    assert set(shared_of(work).branches()) == {"main", "feature"}


def test_the_copy_never_goes_back_behind_what_another_process_fetched(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    first = work.commit({"a.txt": "a"}, branch="feature")
    second = work.commit({"a.txt": "b"}, branch="feature")
    work.git("push", "--quiet", "origin", f"{second}:refs/heads/elsewhere")
    # Between the push and the note of it, another worker moves the branch on and a neighbour fetches that.
    hook(
        remote,
        "post-receive",
        f"git update-ref refs/heads/feature {second} && cd {work.path} && unset GIT_DIR GIT_QUARANTINE_PATH"
        " && git fetch -q origin '+refs/heads/*:refs/gitcoord-mirror/origin/refs/heads/*'",
    )
    assert shared.publish([RefUpdate(HEADS + "feature", None, first)])
    assert shared.branch("feature") == second == remote.tip("feature")


def test_hooks_of_the_user_run_only_when_asked(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    hook(work, "pre-push", "echo 'not today' >&2; exit 1")
    new = work.commit({"a.txt": "a"}, branch="feature")
    with pytest.raises(GitcoordError, match="pre-push hook says: not today"):
        shared.publish([RefUpdate(HEADS + "feature", None, new)], hooks=True)
    assert shared.publish([RefUpdate(HEADS + "feature", None, new)])


def test_the_head_of_a_fork_is_a_branch_that_moves_and_goes_with_the_ref_that_the_remote_keeps(
    tmp_path: Path,
) -> None:
    remote, work = Repo.pair(tmp_path)
    shared = shared_of(work)
    shared.add_pulled({"lisa:fix": "refs/pull/1/head", "tom:gone": "refs/pull/12/head"})
    for text in ("one", "two"):
        tip = remote.commit({"fix.txt": text}, branch="scratch")
        remote.git("update-ref", "refs/pull/1/head", tip)
        shared.refresh()
        assert shared.branch("lisa:fix") == tip
        assert shared.branches()["lisa:fix"] == tip
    assert shared.branch("tom:gone") is None
    assert "tom:gone" not in shared.branches()
    assert shared.is_pulled("lisa:fix")
    assert not shared.is_pulled("scratch")
    remote.git("update-ref", "-d", "refs/pull/1/head")
    shared.refresh()
    assert shared.branch("lisa:fix") is None
