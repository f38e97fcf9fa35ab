"""What branches changed is the same whether pygit2 or the git program compares their trees."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gitcoord.conflicts.changes import changes_between
from gitcoord.git.git_cli import Git
from gitcoord.git.object_reader import Objects
from tests.support.laws import tries
from tests.support.repos import Repo

MODES = ("100644", "100755", "120000", "160000")
NAMES = st.sampled_from(["a", "a.b", "a-b", "b", "é", "\udcff", "x y", 'q"'])
FILE = st.tuples(st.sampled_from(MODES), st.integers(0, 2))
TREE = st.recursive(
    st.dictionaries(NAMES, FILE, max_size=3),
    lambda inner: st.dictionaries(NAMES, FILE | inner, max_size=4),
    max_leaves=12,
)
Files = dict[str, tuple[str, int]]
Tree = Mapping[str, "tuple[str, int] | Tree"]


@settings(max_examples=tries(10), deadline=None)
@given(st.lists(TREE, min_size=2, max_size=4))
def test_pygit2_and_git_find_the_same_changes(trees: list[Tree]) -> None:
    with tempfile.TemporaryDirectory() as place:
        repo = Repo.create(Path(place) / "repo")
        commits = [commit_of(repo, dict(flat(tree)), number) for number, tree in enumerate(trees)]
        by_git = Git(repo.path)
        in_process = Git(repo.path)
        in_process.commits = Objects(Git(Path(place)), repo.path)  # git answers nothing there
        pairs = list(pairwise(commits))
        assert changes_between(in_process, pairs) == changes_between(by_git, pairs)
        assert all(in_process.commits.diff(*pair) is not None for pair in pairs)


def test_git_is_asked_for_commits_that_libgit2_does_not_find(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    first, second = repo.commit({"a": "1\n"}), repo.commit({"b": "1\n"})
    git = Git(repo.path)
    git.commits = Objects(git, Repo.create(tmp_path / "other").path)
    assert changes_between(git, [(first, second)])[0].paths == {"b"}


def flat(tree: Tree, above: str = "") -> Iterator[tuple[str, tuple[str, int]]]:
    """The files of a tree by path."""
    for name, entry in tree.items():
        if isinstance(entry, Mapping):
            yield from flat(entry, f"{above}{name}/")
        else:
            yield above + name, entry


def commit_of(repo: Repo, files: Files, number: int) -> str:
    """A commit with these files and nothing else."""
    stream = [f"commit refs/heads/tree-{number}\ncommitter a <a@b> 1 +0000\ndata 0\n".encode()]
    for path, (mode, content) in files.items():
        name = b'"' + b"".join(b"\\%03o" % byte for byte in os.fsencode(path)) + b'"'
        if mode == "160000":
            stream.append(b"M 160000 %s %s\n" % (str(content + 1).encode() * 40, name))
        else:
            stream.append(b"M %s inline %s\ndata 1\n%d\n" % (mode.encode(), name, content))
    repo.git("fast-import", "--quiet", "--force", input=b"".join(stream))
    return repo.tip(f"tree-{number}")
