"""What an attempt may use of the machine's memory, from the settings to its record."""

import re
import sys
from pathlib import Path

from tests.support.project import Project, independent


def test_an_agent_that_takes_too_much_memory_is_ended_and_its_work_stays(tmp_path: Path) -> None:
    project = Project.create(tmp_path, independent("1"))
    settings = "[run]\nmemory-megabytes = 300\nretries = 0\nshell = true\n"
    (project.desk.path / "gitcoord.toml").write_text(settings)
    program = "import time; x = bytearray(400 << 20); time.sleep(60)"
    take = f"{sys.executable} -c '{program}'"
    ran = project.run("run", "--yes", "--agent", f"echo half > half.txt; {take}", "--json", ok=1)
    [unit] = ran.json["units"]
    # How much it has by the time somebody looks is for the machine to say.
    ended = r"its attempt 1 failed: the agent was ended: its processes used (\d+) MB of memory; the limit"
    used = re.match(ended, unit["reason"])
    assert used is not None, unit["reason"]
    assert int(used[1]) > 300
    assert unit["reason"].endswith("MB of memory; the limit is 300 MB")
    assert (tmp_path / "desk.gitcoord/1/half.txt").exists()
