"""A disk that is full at the end of an attempt: nothing is given up, and the next attempt goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import environment
from tests.support.project import Project
from tests.worker.test_worker import BRANCH, project

__all__ = ["project"]  # a fixture

# The disk is a small one in memory, for this script alone. Even what the worker had put aside is gone.
SCRIPT = """
mount -t tmpfs -o size=4m none "$1" && cp -r "$1-template/." "$1" && cd "$1/desk" || exit 77
git remote set-url origin "$1/origin.git"
fill='echo precious > work.txt; rm "$(dirname "$GITCOORD_PROMPT_FILE")/reserve"; cat /dev/zero > junk; exit 1'
"$2" -m gitcoord worker 1 --shell --agent "$fill" 2> "$1.err" &
until grep -q 'Trying again for some minutes' "$1.err"; do
    kill -0 $! || exit 1
    sleep 0.05
done
kill -TERM $!
wait $!
echo "ended with $?"
rm ../desk.gitcoord/1/junk
"$2" -m gitcoord worker 1 --shell --agent 'grep precious work.txt' || exit 1
git -C "$1/origin.git" show "$3:work.txt"
"""


def test_work_that_could_not_be_recorded_for_a_full_disk_stays_and_is_gone_on_with(
    project: Project, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    project.remote.path.parent.rename(tmp_path / "disk-template")
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", SCRIPT, "sh", str(disk), sys.executable, BRANCH],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip("no disk of its own can be had here")
    said = disk.with_name("disk.err").read_text()
    assert (ran.returncode, ran.stdout.split("\n")[0]) == (0, "ended with 3"), ran.stderr + said
    assert (
        f"The work of attempt 1 stays in {disk}/desk.gitcoord/1; the next attempt continues from there."
        in said
    )
    assert ran.stdout.rstrip().endswith("precious")
