"""Attributes that mean what patterns of a .gitignore file mean."""

import os
from pathlib import Path

from pathspec import GitIgnoreSpec

from gitcoord.git.locate_repository import locate
from tests.support.repos import Repo

PATTERNS = (
    *("CHANGES.md", "docs/*.log", "/top", "logs/", "a b.txt", "deep/**/x", "!docs/keep.log", "*.[ch]"),
    *('quo"te', "#hash", "back\\*slash", "dir"),
)
PATHS = (
    *(
        "CHANGES.md",
        "x/CHANGES.md",
        "docs/a.log",
        "docs/keep.log",
        "docs/x/a.log",
        "top",
        "x/top",
        "logs/a/b",
    ),
    *("x/logs/a", "logs.txt", "a b.txt", "deep/x", "deep/1/2/x", "a.c", "src/b.h", "c.cc", 'quo"te', "#hash"),
    *("back*slash", "backslash", "dir", "dir/inside/it", "x/dir/inside", "other"),
)


def test_a_path_is_merged_by_union_where_the_patterns_match_it(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "project")
    theirs = tmp_path / "theirs"
    theirs.write_text("other merge=binary\nCHANGES.md text")
    repo.git("config", "core.attributesFile", str(theirs))
    patterns = [pattern.replace("#", "\\#", 1) if pattern[0] == "#" else pattern for pattern in PATTERNS]
    git = locate(repo.path).open("origin", patterns).git
    request = "".join(f"{path}\0" for path in PATHS).encode()
    fields = git.text("check-attr", "-z", "--stdin", "merge", input=request).split("\0")
    found = dict(zip(fields[::3], fields[2::3], strict=False))
    spec = GitIgnoreSpec.from_lines(patterns)
    assert {path for path, value in found.items() if value == "union"} == set(spec.match_files(PATHS))
    assert found["other"] == "binary"
    assert "GIT_CONFIG_COUNT" not in os.environ
