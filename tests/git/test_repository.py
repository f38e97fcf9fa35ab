"""Finding the repository: every odd place gives one clear sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.git.base_branch import find_base
from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import RefUpdate
from gitcoord.git.write_commits import commit_tree
from tests.git.world import ROOT, shared_of
from tests.support.git_processes import VARIABLE, count_processes
from tests.support.repos import Repo


def refusal(path: Path) -> GitcoordError:
    with pytest.raises(GitcoordError) as failure:
        locate(path).open()
    return failure.value


def with_program(path: str, place: Path) -> str:
    """The message of discovering `place` in a process whose PATH is `path`."""
    script = (
        "import sys; from pathlib import Path; from gitcoord.errors import GitcoordError;"
        "from gitcoord.git.locate_repository import locate\n"
        "try: locate(Path(sys.argv[1])).open()\n"
        "except GitcoordError as error: print(error.code, error.message, error.hint)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(place)],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def fake_git(directory: Path, version: str) -> str:
    program = directory / "git"
    directory.mkdir()
    program.write_text(f"#!/bin/sh\necho 'git version {version}'\n")
    program.chmod(0o755)
    return str(directory)


def test_outside_of_any_repository_there_is_none(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert (error.code, error.exit) == ("no-repository", Exit.REFUSED)
    assert str(tmp_path) in error.message
    assert "git init" in error.hint


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").code == "no-directory"
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file").code == "no-directory"


def test_a_subdirectory_belongs_to_the_repository_around_it(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path, {"a/b/c.txt": "x"})
    found = locate(work.path / "a" / "b").open()
    assert (found.root, found.common_dir) == (work.path, work.path / ".git")
    assert (found.remote, found.bare, found.shallow) == ("origin", False, False)
    assert found.current_branch() == "main"


def test_a_linked_worktree_shares_the_repository(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    work.git("worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "linked"))
    found = locate(tmp_path / "linked").open()
    assert (found.root, found.common_dir) == (tmp_path / "linked", work.path / ".git")
    assert found.current_branch() == "topic"


def test_a_bare_repository_has_no_working_tree(tmp_path: Path) -> None:
    remote, _ = Repo.pair(tmp_path)
    found = locate(remote.path).open()
    assert found.bare
    assert found.remote is None
    with pytest.raises(GitcoordError, match="has no working tree") as failure:
        found.require_working_tree()
    assert failure.value.code == "bare"
    found.require_history()


def test_a_path_with_a_line_feed_is_found(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "two\nlines\u2028")
    assert locate(repo.path).open().root == repo.path


def test_a_shallow_clone_is_told(tmp_path: Path) -> None:
    remote, _ = Repo.pair(tmp_path)
    remote.commit({"b.txt": "b"})
    shallow = remote.clone(tmp_path / "shallow", "--depth=1")
    with pytest.raises(GitcoordError, match="shallow") as failure:
        locate(shallow.path).open().require_history()
    assert failure.value.code == "shallow"
    assert "--unshallow" in failure.value.hint


def test_a_repository_without_commits_is_told(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "empty")
    found = locate(repo.path).open()
    with pytest.raises(GitcoordError, match="no commits yet"):
        found.require_history()
    assert found.current_branch() == "main"
    assert found.resolve("HEAD") is None
    with pytest.raises(GitcoordError, match="no commits yet"):
        find_base(shared_of(repo), None)


def test_a_detached_head_is_on_no_branch(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    work.git("checkout", "--quiet", "--detach")
    assert locate(work.path).open().current_branch() is None


def test_a_tag_of_the_same_name_does_not_change_the_name_of_the_branch(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    work.git("tag", "main")
    assert locate(work.path).open().current_branch() == "main"


def test_a_git_that_is_too_old_is_refused(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    told = with_program(fake_git(tmp_path / "bin", "2.25.1"), repo.path)
    assert told == "old-git git version 2.25.1 is too old: gitcoord needs git 2.39 or newer. Upgrade git."


def test_the_version_is_taken_from_what_git_tells_of_itself_while_it_answers(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    path = fake_git(tmp_path / "bin", "never asked for")
    event = '{"event":"version","sid":"1","evt":"3","exe":"2.38.9"}'
    (tmp_path / "bin" / "git").write_text(f"#!/bin/sh\necho '{event}' >&$GIT_TRACE2_EVENT\n")
    assert with_program(path, repo.path).startswith("old-git git version 2.38.9 is too old")


def test_no_git_at_all_is_told(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    assert with_program(str(tmp_path), repo.path).startswith("no-git The git program was not found.")


def test_a_git_that_may_not_be_run_is_told(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    path = fake_git(tmp_path / "bin", "2.40")
    (tmp_path / "bin" / "git").write_text("#!/no/such/interpreter\n")
    assert with_program(path, repo.path).startswith("no-git ")


def test_the_only_remote_counts_whatever_its_name(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    work.git("remote", "rename", "origin", "upstream")
    assert locate(work.path).open().remote == "upstream"


def test_among_several_remotes_none_is_guessed(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    work.git("remote", "rename", "origin", "mine")
    work.git("remote", "add", "theirs", "/nowhere")
    error = refusal(work.path)
    assert (error.code, error.exit) == ("no-such-remote", Exit.USAGE)
    assert "mine, theirs" in error.message
    assert locate(work.path).open("theirs").remote == "theirs"


def test_a_remote_that_was_asked_for_and_is_not_there_is_not_replaced(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    with pytest.raises(GitcoordError, match=r"no remote upstream \(it has: origin\)"):
        locate(work.path).open("upstream")


def test_the_base_is_the_remotes_own_default(tmp_path: Path) -> None:
    remote, _ = Repo.pair(tmp_path)
    remote.branch("develop")
    remote.git("symbolic-ref", "HEAD", "refs/heads/develop")
    clone = remote.clone(tmp_path / "clone")
    assert find_base(shared_of(clone), None) == "develop"
    assert find_base(shared_of(clone), "main") == "main"


def test_a_base_that_does_not_exist_is_refused_with_the_branches_there_are(tmp_path: Path) -> None:
    _, work = Repo.pair(tmp_path)
    with pytest.raises(GitcoordError, match="'--upload-pack=x' does not exist") as failure:
        find_base(shared_of(work), "--upload-pack=x")
    assert failure.value.exit == Exit.USAGE
    assert failure.value.hint == "Branches here: main."


def test_without_a_default_the_usual_names_are_tried_and_else_nothing_is_guessed(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo", branch="one")
    repo.commit({"a": "a"}, branch="one", orphan=True)
    assert find_base(shared_of(repo), None) == "one"
    repo.branch("two", at="one")
    with pytest.raises(GitcoordError, match=r"not clear .*one, two") as failure:
        find_base(shared_of(repo), None)
    assert failure.value.exit == Exit.USAGE
    repo.branch("trunk", at="one")
    assert find_base(shared_of(repo), None) == "trunk"


@pytest.mark.parametrize("missing", ["AUTHOR", "COMMITTER"])
def test_whoever_git_does_not_know_is_called_gitcoord(
    tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo.create(tmp_path / "repo")
    head = repo.commit({"a": "a"})
    repo.git("config", "user.useConfigOnly", "true")
    monkeypatch.delenv(f"GIT_{missing}_NAME")
    monkeypatch.delenv(f"GIT_{missing}_EMAIL")
    found = locate(repo.path).open()
    commit = commit_tree(found.git, repo.tree("main"), [head], "x", environment=found.identity)
    people = repo.git("show", "--no-patch", "--format=%an/%cn", commit).split("/")
    assert sorted(people) == ["A Worker", "gitcoord"]


@pytest.mark.parametrize(
    ("name", "date", "asked"), [("A Worker", "", 0), ("<>", "", 2), ("A Worker", "yesterday-ish", 2)]
)
def test_git_is_asked_who_commits_unless_the_environment_tells(
    tmp_path: Path, name: str, date: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = locate(Repo.create(tmp_path / "repo").path).open()
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", name)
        monkeypatch.setenv(f"GIT_{who}_DATE", date)
    trace = tmp_path / "trace"
    monkeypatch.setenv(VARIABLE, str(trace))
    assert ("GIT_AUTHOR_NAME" in repository.identity) == (asked > 0)
    assert (count_processes(trace).own if trace.exists() else 0) == asked


def test_a_remote_without_branches_is_named_with_the_push_that_helps(tmp_path: Path) -> None:
    work = Repo.create(tmp_path / "work")
    work.git("remote", "add", "origin", Repo.create(tmp_path / "empty.git", bare=True).path.as_uri())
    work.commit({"one.txt": "one\n"})
    for asked in (None, "main"):
        with pytest.raises(GitcoordError, match="The remote origin has no branches yet") as failure:
            find_base(shared_of(work), asked)
        assert "git push -u origin main" in failure.value.hint


def test_a_relative_remote_is_the_same_place_in_each_worktree(tmp_path: Path) -> None:
    remote, work = Repo.pair(tmp_path)
    work.git("remote", "set-url", "origin", "../origin.git")
    work.git("worktree", "add", "--quiet", "-b", "task", str(tmp_path / "elsewhere" / "deep" / "task"))
    for place in (work.path, tmp_path / "elsewhere" / "deep" / "task"):
        shared = shared_of(Repo(place))
        tip = shared.branch("main")
        assert tip == remote.tip("main")
        assert shared.publish([RefUpdate(f"refs/heads/from-{place.name}", None, tip)])
    assert remote.find("refs/heads/from-work") == remote.find("refs/heads/from-task") == remote.tip("main")
    assert work.git("config", "--get-all", "remote.origin.url") == "../origin.git"
