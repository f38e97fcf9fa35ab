"""Calling the git program: errors in words, without secrets, and without the user's hooks and prompts."""

from pathlib import Path

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.git.git_cli import Git
from gitcoord.git.git_result import GitResult
from gitcoord.redact import redact
from tests.git.world import hook
from tests.support.repos import Repo

TOKEN = "ghp_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://bot:s3cret@github.com/o/r", "https://***@github.com/o/r"),
        ("https://bot:p@ss@github.com/o/r", "https://***@github.com/o/r"),
        (f"https://{TOKEN}@github.com/o/r.git", "https://***@github.com/o/r.git"),
        (f"using {TOKEN} here", "using *** here"),
        ("Authorization: Basic Zm9vOmJhcg==", "Authorization: Basic ***"),
        ("the value topsecretvalue leaks", "the value *** leaks"),
        (
            "git@github.com:o/r.git and https://github.com/@me",
            "git@github.com:o/r.git and https://github.com/@me",
        ),
    ],
)
def test_secrets_are_taken_out_of_text(text: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "topsecretvalue")
    assert redact(text) == shown


def test_an_error_of_git_shows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "topsecretvalue")
    repo = Repo.create(tmp_path / "repo")
    with pytest.raises(GitcoordError) as failure:
        Git(repo.path).run("clone", "https://u:pw@localhost:1/topsecretvalue", "x")
    assert failure.value.code == "git-failed"
    assert "pw" not in failure.value.message
    assert "topsecretvalue" not in failure.value.message
    assert "***" in failure.value.message


def test_the_reason_is_the_line_that_says_most() -> None:
    def reason(stderr: str) -> str:
        return GitResult(1, b"", stderr).reason

    assert reason("hint: x\nfatal: it broke\nmore") == "fatal: it broke"
    assert reason("only this\n") == "only this"
    assert reason("") == "exit code 1"
    assert GitResult(1, b"", "remote: one  \nremote: \nremote: two\nfatal: x").remote_text == "one two"


def test_hooks_run_only_when_asked(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a": "a"})
    hook(repo, "post-checkout", f"touch {tmp_path}/ran")
    git = Git(repo.path)
    git.run("checkout", "--quiet", "main")
    assert not (tmp_path / "ran").exists()
    git.run("checkout", "--quiet", "main", hooks=True)
    assert (tmp_path / "ran").exists()


def test_git_never_asks_for_a_password_or_opens_an_editor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_EDITOR", "false")
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a": "a"})
    git = Git(repo.path)
    git.run("commit", "--amend")
    assert git.text("var", "GIT_EDITOR") == "true"


def test_pathspecs_mean_the_same_whatever_an_editor_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a": "a"})
    assert Git(repo.path).text("ls-files", "--", ":(top,literal)a") == "a"


def test_git_sees_the_environment_as_it_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Git(Repo.create(tmp_path / "repo").path, {"GIT_COMMITTER_NAME": "Own"})
    for name in ("One", "Two"):
        monkeypatch.setenv("GIT_AUTHOR_NAME", name)
        monkeypatch.setenv("GIT_COMMITTER_NAME", name)
        monkeypatch.setenv("GIT_DIR", f"/{name}")
        assert git.text("var", "GIT_AUTHOR_IDENT").startswith(f"{name} <")
        assert git.text("var", "GIT_COMMITTER_IDENT").startswith("Own <")
    added = {"GIT_COMMITTER_NAME": "Added"}
    assert git.run("var", "GIT_COMMITTER_IDENT", environment=added).text.startswith("Added <")
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    monkeypatch.setenv("EMAIL", "no.name@example.com")
    assert not git.run("var", "GIT_AUTHOR_IDENT", ok=()).text.startswith("Two <")


def test_lines_are_split_at_line_feeds_alone(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit({"a": "a"})
    repo.branch("a\u2028b")
    assert Git(repo.path).lines("for-each-ref", "--format=%(refname:short)") == ["a\u2028b", "main"]
    assert Git(repo.path).lines("tag") == []


def test_objects_made_in_a_quarantine_vanish(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    with Git(repo.path).quarantine() as git:
        blob = git.text("hash-object", "-w", "--stdin", input=b"passing")
        assert git.probe("cat-file", "-e", blob) is not None
    assert Git(repo.path).probe("cat-file", "-e", blob) is None
