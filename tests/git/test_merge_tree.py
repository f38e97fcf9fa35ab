"""Merges in memory: what merge-ort says, read right in every case, and commits made from it."""

from pathlib import Path

import pytest

from gitcoord.git.bare_merge import merge_on_server
from gitcoord.git.git_cli import Git
from gitcoord.git.merge_tree import TreeMerge, merge_tree, merge_trees, replay
from gitcoord.git.write_commits import commit_tree
from tests.git.world import hook
from tests.support.repos import Content, Repo, executable, submodule, symlink

BASE: dict[str, Content] = {
    "file.txt": "one\ntwo\nthree\n",
    "deleted.txt": "to be deleted\nor changed\n",
    "renamed.txt": "a text\nthat is renamed\nand long enough\n",
    "old/a.txt": "aaaa\naaaa\naaaa\n",
    "old/b.txt": "bbbb\nbbbb\nbbbb\n",
    "binary.bin": b"\0\1\2",
    "type.txt": "a plain file\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo", bare=True)
    repo.commit(BASE)
    return repo


def git_of(repo: Repo) -> Git:
    return Git(repo.path)


def merged(repo: Repo, ours: dict[str, Content], theirs: dict[str, Content]) -> TreeMerge:
    one = repo.commit(ours, branch="ours")
    other = repo.commit(theirs, branch="theirs")
    return merge_tree(git_of(repo), one, other)


CONFLICTS: dict[str, tuple[dict[str, Content], dict[str, Content], str, set[str]]] = {
    "both change the same lines": (
        {"file.txt": "one\nours\nthree\n"},
        {"file.txt": "one\ntheirs\nthree\n"},
        "CONFLICT (contents)",
        {"file.txt"},
    ),
    "both add the same path": (
        {"new.txt": "ours\n"},
        {"new.txt": "theirs\n"},
        "CONFLICT (contents)",
        {"new.txt"},
    ),
    "one deletes what the other changes": (
        {"deleted.txt": None},
        {"deleted.txt": "changed\nor changed\n"},
        "CONFLICT (modify/delete)",
        {"deleted.txt"},
    ),
    "both rename to different names": (
        {"renamed.txt": None, "to-a.txt": BASE["renamed.txt"]},
        {"renamed.txt": None, "to-b.txt": BASE["renamed.txt"]},
        "CONFLICT (rename/rename)",
        {"renamed.txt", "to-a.txt", "to-b.txt"},
    ),
    "one renames what the other deletes": (
        {"renamed.txt": None, "to-a.txt": BASE["renamed.txt"]},
        {"renamed.txt": None},
        "CONFLICT (rename/delete)",
        {"to-a.txt"},
    ),
    "a file against a directory": (
        {"foo": "a file\n"},
        {"foo/bar": "in a directory\n"},
        "CONFLICT (file/directory)",
        {"foo~"},
    ),
    "a new file in a directory that the other renames": (
        {
            "old/a.txt": None,
            "old/b.txt": None,
            "new/a.txt": BASE["old/a.txt"],
            "new/b.txt": BASE["old/b.txt"],
        },
        {"old/c.txt": "new here\n"},
        "CONFLICT (directory rename suggested)",
        {"new/c.txt"},
    ),
    "both change a binary file": (
        {"binary.bin": b"\0\1\3"},
        {"binary.bin": b"\0\1\4"},
        "CONFLICT (binary)",
        {"binary.bin"},
    ),
    "a symbolic link against a file": (
        {"type.txt": symlink("file.txt")},
        {"type.txt": "a changed plain file\n"},
        "CONFLICT (distinct modes)",
        {"type.txt", "type.txt~"},
    ),
    "two submodules": (
        {"module": submodule("1" * 40)},
        {"module": submodule("2" * 40)},
        "CONFLICT (submodule",
        {"module"},
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_a_conflict_is_told_by_kind_and_paths(repo: Repo, case: str) -> None:
    ours, theirs, kind, paths = CONFLICTS[case]
    outcome = merged(repo, ours, theirs)
    assert outcome.clean is False
    assert [message.kind for message in outcome.messages if message.kind.startswith(kind)]
    # Of two that cannot share a name one is set aside as `foo~COMMIT`.
    assert {path.partition("~")[0] + ("~" if "~" in path else "") for path in outcome.paths} == paths
    told = next(message for message in outcome.messages if message.kind.startswith(kind))
    assert told.paths
    assert told.text.startswith(("CONFLICT", "Failed to merge submodule", "warning"))


def test_a_conflict_without_a_conflicted_file_is_told_by_the_paths_in_its_message(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "way", bare=True)
    text = "some text\nthat is long enough\nto be found again\n"
    repo.commit({"core/b.txt": text, "a.txt": "in the way\n"})
    one = repo.commit({"core/b.txt": None, "b.txt": text}, branch="ours")
    other = repo.commit({"core/a.txt": "new\n"}, branch="theirs")
    outcome = merge_tree(git_of(repo), one, other)
    assert outcome.clean is False
    assert set(outcome.paths) == {"a.txt", "core/a.txt"}


def test_many_pairs_go_through_one_process_and_keep_their_order(repo: Repo) -> None:
    pairs, expected = [], []
    for number, (ours, theirs, _, paths) in enumerate(CONFLICTS.values()):
        one = repo.commit(ours, branch=f"ours-{number}")
        other = repo.commit(theirs, branch=f"theirs-{number}")
        clean = repo.commit({f"clean-{number}.txt": "x\n"}, branch=f"clean-{number}")
        pairs += [(one, clean), (one, other), (clean, one)]
        expected += [True, False, True]
        assert paths
    outcomes = merge_trees(git_of(repo), pairs)
    assert [outcome.clean for outcome in outcomes] == expected
    assert outcomes == [merge_tree(git_of(repo), *pair) for pair in pairs]


def test_a_clean_merge_has_the_tree_that_merging_by_hand_makes(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "work")
    repo.commit(BASE)
    ours = repo.commit({"file.txt": "ONE\ntwo\nthree\n", "mode.sh": executable("x\n")}, branch="ours")
    theirs = repo.commit({"file.txt": "one\ntwo\nTHREE\n", "renamed.txt": None}, branch="theirs", at="main~0")
    outcome = merge_tree(git_of(repo), ours, theirs)
    repo.git("checkout", "--quiet", "ours")
    repo.git("merge", "--quiet", "--no-edit", "theirs")
    assert outcome == TreeMerge(True, repo.tree("ours"))


def test_unrelated_histories_are_no_verdict_and_do_not_spoil_the_others(repo: Repo) -> None:
    stranger = repo.commit({"file.txt": "x"}, branch="stranger", orphan=True)
    main, fine = repo.tip("main"), repo.commit({"new.txt": "x"}, branch="fine")
    outcomes = merge_trees(git_of(repo), [(main, fine), (main, stranger), (main, "1" * 40), (fine, main)])
    assert [outcome.clean for outcome in outcomes] == [True, None, None, True]
    assert "unrelated histories" in outcomes[1].problem
    assert outcomes[2].problem


def test_nothing_to_merge_is_nothing(repo: Repo) -> None:
    assert merge_trees(git_of(repo), []) == []


@pytest.mark.parametrize(
    "path", ["with\nline feed.txt", "caf\udce9.txt", 'tab\t"quote".txt', "-option", "a\u2028b"]
)
def test_paths_come_back_as_they_are(repo: Repo, path: str) -> None:
    outcome = merged(repo, {path: "ours\n"}, {path: "theirs\n"})
    assert outcome.paths == (path,)
    assert {path} == {name for message in outcome.messages for name in message.paths}


def test_the_users_own_merge_settings_do_not_change_the_verdict(repo: Repo) -> None:
    repo.git("config", "merge.renames", "false")
    repo.git("config", "merge.directoryRenames", "false")
    repo.git("config", "diff.renames", "false")
    outcome = merged(
        repo,
        {"renamed.txt": None, "to.txt": BASE["renamed.txt"]},
        {"renamed.txt": "A text\nthat is renamed\nand long enough\n"},
    )
    assert outcome.clean is True


def test_a_server_merges_without_the_drivers_that_attributes_ask_for(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "a:b")
    repo.commit({"log": "first\n", ".gitattributes": "log merge=union\n"})
    ours, theirs = (repo.commit({"log": f"first\n{id}\n"}, branch=id, at="main") for id in ("one", "two"))
    with Git(repo.path).quarantine() as git:
        assert merge_tree(git, ours, theirs).clean is True
        assert merge_on_server(git, ours, theirs).paths == ("log",)


def test_what_one_clone_replaces_or_reads_otherwise_is_read_as_everybody_has_it(repo: Repo) -> None:
    start = repo.tip("main")
    one, two = (repo.commit({"a.txt": f"{id}\n"}, f"Do\n\nBy: {id}\n", branch=id) for id in ("one", "two"))
    repo.git("replace", one, two)
    repo.git("config", "merge.default", "union")
    repo.git("config", "trailer.separators", "#")
    git = Git(repo.path)
    assert git.text("rev-parse", f"{one}:a.txt") != git.text("rev-parse", f"{two}:a.txt")
    assert merge_tree(git, one, two).paths == ("a.txt",)
    assert git.text("show", "--no-patch", "--format=%(trailers:key=By,valueonly)", two).strip() == "two"
    grafts = repo.path / repo.git("rev-parse", "--git-path", "info/grafts")
    grafts.parent.mkdir(exist_ok=True)
    grafts.write_text(f"{one}\n")
    assert git.text("merge-base", one, two) == start


def test_no_hook_runs_for_commits_and_merges_of_gitcoords_own(repo: Repo, tmp_path: Path) -> None:
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction", "pre-merge-commit"):
        hook(repo, name, f"touch {tmp_path}/ran; exit 1")
    tip = repo.tip("main")
    commit = commit_tree(git_of(repo), repo.tree("main"), [tip], "message")
    git_of(repo).run("update-ref", "refs/heads/made", commit)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("message", ["", "two\n\nparagraphs\n", "NUL \0 here", "caf\udce9", "half \ud800"])
def test_any_text_can_be_a_message(repo: Repo, message: str) -> None:
    commit = commit_tree(git_of(repo), repo.tree("main"), [], message)
    assert repo.git("cat-file", "-t", commit) == "commit"


def test_the_users_encoding_does_not_change_what_is_written_and_read(repo: Repo) -> None:
    repo.git("config", "i18n.commitEncoding", "ISO-8859-1")
    repo.git("config", "i18n.logOutputEncoding", "ISO-8859-1")
    commit = commit_tree(git_of(repo), repo.tree("main"), [], "größer")
    assert git_of(repo).text("log", "-1", "--format=%s", commit) == "größer"
    assert b"encoding" not in git_of(repo).run("cat-file", "commit", commit).stdout


def test_replaying_gives_the_tree_and_the_authors_of_a_rebase(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "work")
    repo.commit(BASE)
    repo.commit({"a.txt": "1\n"}, "first\n\nbody", branch="topic")
    repo.commit({"side.txt": "x\n"}, "side", branch="main")
    head = repo.commit({"file.txt": "one\ntwo\nTHREE\n"}, "second", branch="topic")
    base = repo.commit({"file.txt": "ONE\ntwo\nthree\n"}, "moved on", branch="main")
    tip = replay(git_of(repo), base, head)
    assert tip is not None
    repo.git("checkout", "--quiet", "topic")
    repo.git("rebase", "--quiet", "main")
    log = ("log", "--format=%T %an %ae %at %B")
    assert repo.git(*log, f"{base}..{tip}") == repo.git(*log, "main..topic")


def test_replaying_leaves_out_merges_and_changes_that_the_base_has(repo: Repo) -> None:
    first = repo.commit({"a.txt": "1\n"}, "first", branch="topic")
    repo.commit({"a.txt": "1\n"}, "the same", branch="main")
    base = repo.commit({"b.txt": "1\n"}, "more", branch="main")
    both = merge_tree(git_of(repo), first, base)
    merge = commit_tree(git_of(repo), both.tree, [first, base], "merge")
    repo.git("update-ref", "refs/heads/topic", merge)
    head = repo.commit({"c.txt": "1\n"}, "second", branch="topic")
    tip = replay(git_of(repo), base, head)
    assert repo.git("log", "--format=%s", f"{base}..{tip}") == "second"
    assert repo.tree(tip or "") == repo.tree(head)


def test_replaying_onto_what_conflicts_is_none(repo: Repo) -> None:
    head = repo.commit({"file.txt": "topic\n"}, branch="topic")
    base = repo.commit({"file.txt": "base\n"}, branch="main")
    assert replay(git_of(repo), base, head) is None


def test_replaying_nothing_is_the_base(repo: Repo) -> None:
    tip = repo.tip("main")
    assert replay(git_of(repo), tip, tip) == tip


def test_a_quarantine_leaves_no_objects_behind(repo: Repo) -> None:
    before = repo.objects()
    with git_of(repo).quarantine() as git:
        commit = commit_tree(git, repo.tree("main"), [repo.tip("main")], "passing")
        assert git.text("cat-file", "-t", commit) == "commit"
    assert repo.objects() == before
