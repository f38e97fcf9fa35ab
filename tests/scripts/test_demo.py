"""`scripts/demo`: what the README promises a newcomer."""

import os
import subprocess
from pathlib import Path

DEMO = Path(__file__).parents[2] / "scripts" / "demo"


def test_the_demo_lands_both_strategies_and_leaves_nothing_behind(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path), "GITHUB_TOKEN": "not-to-be-used"}
    ended = subprocess.run(["bash", str(DEMO)], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Both strategies landed" in ended.stdout
    assert "task 3 conflicts with task 2 in README.md" in ended.stdout
    assert "Task 2 fails the check `sh check.sh` with task 1, although they merge" in ended.stdout
    assert list(tmp_path.iterdir()) == []
