"""Globs of what tasks will touch, checked against every short path there is."""

from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pathspec import PathSpec

from gitcoord.planning.glob_intersection import as_gitignore, compile_glob, meet
from tests.support.laws import tries
from tests.support.repos import Repo

NAMES = ["".join(chars) for size in (1, 2, 3) for chars in product("ab.", repeat=size)]
NAMES = [name for name in NAMES if name not in (".", "..")]
FOLDERS = [name for name in NAMES if "." not in name and len(name) < 3]


def intersects(left: str, right: str) -> bool:
    """Whether some path is matched by both entries."""
    one, other = compile_glob(left), compile_glob(right)
    return one is not None and other is not None and meet(one, other)


@cache
def short_paths() -> tuple[str, ...]:
    """Paths of up to three parts, without directories whose names could be those of files."""
    below = [f"{folder}/{name}" for folder in FOLDERS for name in NAMES if len(name) < 3]
    deeper = [f"{folder}/{path}" for folder in FOLDERS for path in below]
    return (*NAMES, *below, *deeper)


@cache
def matched(entry: str) -> frozenset[str]:
    return frozenset(PathSpec.from_lines("gitignore", [as_gitignore(entry)]).match_files(short_paths()))


PARTS = st.one_of(
    st.just("**"),
    st.lists(st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[a-b]", "\\a"]), min_size=1, max_size=4).map(
        "".join
    ),
)


@st.composite
def entries(draw: st.DrawFn) -> str:
    body = "/".join(draw(st.lists(PARTS, min_size=1, max_size=3)))
    return draw(st.sampled_from(["", "", "/"])) + body + draw(st.sampled_from(["", "", "/"]))


@settings(max_examples=tries(250))
@given(entries(), entries())
@example("a/**", "**/b")
@example("a*b", "*ab*")
@example("**/a/**/b", "a/a/b")
@example("[!a]", "?")
def test_globs_that_match_a_same_path_intersect(left: str, right: str) -> None:
    if matched(left) & matched(right):
        assert intersects(left, right)
        assert intersects(right, left)


@given(entries())
def test_a_glob_meets_every_path_that_it_matches(entry: str) -> None:
    for path in sorted(matched(entry))[:20]:
        assert intersects(entry, "/" + path)


def test_what_git_itself_ignores_for_both_of_two_globs_makes_them_intersect(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    paths = "\0".join(short_paths()).encode()
    globs = [
        "a",
        "/a",
        "a/",
        "a/b",
        "a/*",
        "a/**",
        "**/a",
        "a/**/b",
        "[!a]",
        "[!a]b",
        "a[!b]",
        "[^.]b",
        "[]a]",
    ]
    globs += [
        "?",
        "*b",
        "*.b",
        ".*",
        "a*b",
        "**/*a/",
        "*/b",
        "?/[ab]",
        "[!b-c]",
        "a**b",
        "\\a*",
        "*/*/*",
        "**",
    ]
    by_git: dict[str, set[str]] = {}
    for glob in globs:
        (repo.path / ".gitignore").write_text(as_gitignore(glob) + "\n")
        ignored = repo.git("check-ignore", "--no-index", "--stdin", "-z", input=paths, ok=(0, 1))
        by_git[glob] = set(ignored.split("\0")) - {""}
    assert [glob for glob, found in by_git.items() if not found] == []
    for left, right in product(globs, repeat=2):
        assert intersects(left, right) or not by_git[left] & by_git[right], (left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("src/main.rs", "src/main.rs"),
        ("src/main.rs", "./src/main.rs"),
        ("src", "src/api/routes.rs"),
        ("src/**", "src/api/routes.rs"),
        ("*.rs", "src/main.rs"),
        ("src/*.rs", "src/m*"),
        ("**/mod.rs", "src/api/**"),
        ("docs/", "docs/guide.md"),
        ("src/[a-m]*.rs", "src/main.rs"),
        ("src/[[:alpha:]]*.rs", "src/main.rs"),
        ("src/[ab", "anything/else.md"),
        ("!*.rs", "src/main.rs"),
        (".", "anything/at/all.txt"),
        ("a*a*a*a*a*a*a*a*b", "a" * 60 + "b"),
    ],
)
def test_these_can_match_a_same_path(left: str, right: str) -> None:
    assert intersects(left, right)
    assert intersects(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("src/main.rs", "src/lib.rs"),
        ("src/", "docs/"),
        ("src", "docs"),
        ("README.md", "src/**"),
        ("*.md", "*.rs"),
        ("src/**/*.rs", "docs/**"),
        ("src/**/*.rs", "src/**/*.md"),
        ("src/*.rs", "src/api/*.rs"),
        ("src/[a-l]*.rs", "src/main.rs"),
        ("src/[!m]*.rs", "src/main.rs"),
        ("src/\\*.rs", "src/main.rs"),
        ("", "src/main.rs"),
        ("   ", "**"),
        ("a*a*a*a*a*a*a*a*b.rs", "a" * 60 + "c.rs"),
    ],
)
def test_these_cannot_match_a_same_path(left: str, right: str) -> None:
    assert not intersects(left, right)
    assert not intersects(right, left)
