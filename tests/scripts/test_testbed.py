"""The repositories that the measurements act on: real ones have files at their top and names like options."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "scripts" / "bench"


@pytest.mark.parametrize("names", [["README"], ["README", ":(top)/a", "-x/b", "lib/c", "lib/d"]])
def test_branches_are_made_in_a_repository_with_files_at_its_top(tmp_path: Path, names: list[str]) -> None:
    source = tmp_path / "source"
    subprocess.run(["git", "init", "--quiet", "-b", "main", str(source)], check=True)
    for name in names:
        file = source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("one\ntwo\nthree\n")
    subprocess.run(["git", "add", "--all"], cwd=source, check=True)
    subprocess.run(["git", "commit", "--quiet", "-m", "all"], cwd=source, check=True)
    (source / "two words").write_text("new\n")  # not there yet where some branches start
    subprocess.run(["git", "add", "--all"], cwd=source, check=True)
    subprocess.run(["git", "commit", "--quiet", "-m", "more"], cwd=source, check=True)
    made = subprocess.run(
        [sys.executable, "-c", MAKE, str(source), str(tmp_path / "bed.git")],
        cwd=BENCH,
        check=True,
        capture_output=True,
        text=True,
    )
    branches, trees = map(int, made.stdout.split())
    assert branches == 200
    # Nearly every branch changes something, and no two the same.
    assert trees > 150


MAKE = """
import sys
from pathlib import Path
from testbed import copied, moved_on, tips, with_branches

bed = with_branches(copied(Path(sys.argv[1]), Path(sys.argv[2])), 200, 1)
trees = set(bed.git("for-each-ref", "--format=%(tree)", "refs/heads/work").split())
for branch in bed.branches[:20]:
    moved_on(bed, branch, 1)
print(len(tips(bed)) - 1, len(trees))
"""
