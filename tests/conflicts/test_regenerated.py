"""Which files are made anew after a change, by which command and where."""

import pytest

from gitcoord.conflicts.regeneration_commands import makers
from gitcoord.conflicts.rules import Rulebook
from gitcoord.settings import RuleSettings

BOOK = Rulebook(
    RuleSettings(
        regenerate={
            "uv.lock": "uv lock",
            "docs/api.json": "make api",
            "*.pb.go": "make pb",
            "gen.txt": "gen",
        },
        preset=("python",),
    )
)
PRESENT = ("uv.lock", "sub/uv.lock", "docs/api.json", "a/x.pb.go", "a/y.pb.go", "b/gen.txt", "src/a.py")


@pytest.mark.parametrize(
    ("changed", "due"),
    [
        ((), []),
        # A well-known file has to do with its manifests alone, any other one with everything.
        (("src/a.py",), [("make api", ""), ("make pb", ""), ("gen", "b")]),
        (
            ("sub/pyproject.toml",),
            [("uv lock", "sub"), ("uv lock", ""), ("make api", ""), ("make pb", ""), ("gen", "b")],
        ),
        (("uv.lock",), [("uv lock", ""), ("make api", ""), ("make pb", ""), ("gen", "b")]),
    ],
)
def test_commands_that_are_due(changed: tuple[str, ...], due: list[tuple[str, str]]) -> None:
    found = makers(BOOK, changed, PRESENT)
    assert [(one.command, one.directory) for one in found] == due
    assert all(one.paths == ("a/x.pb.go", "a/y.pb.go") for one in found if one.command == "make pb")
