"""Settings: where they are read from, and what is said when they are wrong."""

from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.settings import Settings, load_settings


def test_without_a_file_or_a_working_tree_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == load_settings(None) == Settings()


def test_the_own_file_wins_over_the_table_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gitcoord]\nmax-parallel = 2\n")
    assert load_settings(tmp_path).max_parallel == 2
    (tmp_path / "gitcoord.toml").write_text('strategy = "multi-pr"\nmax-parallel = 7\n')
    assert load_settings(tmp_path).max_parallel == 7
    assert load_settings(tmp_path).strategy == "multi-pr"


@pytest.mark.parametrize(
    ("text", "problem", "way_out"),
    [
        ('strategy = "both"', "Invalid enum value 'both'", "single-pr, multi-pr"),
        ("speed = 3", "unknown field `speed`", "See the settings in docs"),
        ('max-parallel = "many"', "Expected `int`", "See the settings in docs"),
        ("max-parallel = 0", "must be at least 1", ""),
        (
            '[pull-requests]\ntitle = "$nobody: $order"',
            "`pull-requests.title` has $nobody, $order",
            "$branch",
        ),
        ('[pull-requests]\nbody = "costs 5 $"', "`pull-requests.body` has a `$` without a name", "$checked"),
        ('task-branch = "work"', "must contain {task}", ""),
        ('level-branch = "work"', "must contain {level}", ""),
        ("[run]\nlog-megabytes = 0", "`log-megabytes` must be at least 0.01", ""),
        ('state-prefix = "gitcoord"', "must look like refs/gitcoord/", ""),
        ("base = ", "cannot be read", "Mend the file."),
        ("base = 'm\xe9", "cannot be read", "Mend the file."),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_a_way_out(
    text: str, problem: str, way_out: str, tmp_path: Path
) -> None:
    (tmp_path / "gitcoord.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(GitcoordError) as failure:
        load_settings(tmp_path)
    assert failure.value.exit == Exit.USAGE
    assert problem in failure.value.message
    assert "gitcoord.toml" in failure.value.message
    assert way_out in failure.value.hint
