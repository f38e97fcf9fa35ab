"""Paths by a pattern, while another process removes the directories."""

import subprocess
import sys
from pathlib import Path

import pytest

from gitcoord.path_search import matching_paths

REMOVE = """
import os
while True:
    os.makedirs("run/1")
    os.rmdir("run/1")
    os.rmdir("run")
"""


def test_paths_match_hidden_ones_too_and_a_missing_directory_has_none(tmp_path: Path) -> None:
    for name in ("a/b/one.lock", ".c/two.lock", "three"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = {str(path.relative_to(tmp_path)) for path in matching_paths(tmp_path, "**/*.lock")}
    assert found == {"a/b/one.lock", ".c/two.lock"}
    assert matching_paths(tmp_path, "*/b/*.lock") == [tmp_path / "a/b/one.lock"]
    assert matching_paths(tmp_path / "none", "*") == []


@pytest.mark.parametrize("pattern", ["run*/*/file", "**/file"])
def test_a_directory_that_is_removed_while_it_is_listed_is_left_out(tmp_path: Path, pattern: str) -> None:
    with subprocess.Popen([sys.executable, "-c", REMOVE], cwd=tmp_path) as other:
        try:
            for _ in range(5000):
                assert matching_paths(tmp_path, pattern) == []
        finally:
            other.kill()
