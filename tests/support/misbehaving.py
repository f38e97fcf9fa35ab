"""Runs with agents that misbehave, drawn from a seed: `scripts/soak-run --misbehaving`, a slice in the tests.

In the end all units have landed, every word that an agent wrote as work is to be found, what belongs to the
user is as it was, and nothing is left over.
"""

import os
import random
import shlex
import subprocess
import time
from pathlib import Path

from tests.support.cli import COMMAND, environment
from tests.support.misdeeds import BEGIN, HONEST, PRELUDE, Deed, draw
from tests.support.project import MAIN, Project
from tests.support.repos import Repo
from tests.support.soak import PATIENCE, Soak
from tests.support.tasklists import task, write_tasks

_MAY_CHANGE = ("branch.", "extensions.worktreeconfig", "core.repositoryformatversion")
"""Upstreams; and what `git sparse-checkout` needs, which concerns nobody else."""
_SETTINGS = "[run]\n{worktrees}timeout = '{timeout}s'\ngrace = 0.5\n[rules]\nmax-file-megabytes = 1\n"


class Misbehaving(Soak):
    """One project whose agents misbehave in their first attempts."""

    def __init__(
        self, place: Path, seed: int, *, strategy: str = "", deeds: dict[str, list[Deed]] | None = None
    ) -> None:
        self.dice = random.Random(seed)
        self.place = place
        self.strategy = strategy or self.dice.choice(("multi-pr", "single-pr"))
        self.has_remote = self.dice.random() < 0.75 or deeds is not None
        self.inside = self.dice.random() < 0.5
        self.tasks = [task(1, subtasks=[task(1), task(2)]), task(2), task(3, depends_on=[2])]
        self.kills = []
        self._make()
        self.deeds = deeds if deeds is not None else self._draw()
        for unit, ones in self.deeds.items():
            for number, deed in enumerate(ones, 1):
                (place / "scripts" / f"{unit}-{number}").write_text(deed.script)

    def __str__(self) -> str:
        told = [f"{unit}: {' + '.join(one.names)}" for unit, ones in self.deeds.items() for one in ones]
        where = f"{self.strategy}, {'a remote' if self.has_remote else 'no remote'}"
        return f"{where}, {'inside' if self.inside else 'outside'}; {'; '.join(told)}"

    def run(self, kills: int = 0, *, latest: float = 6.0) -> None:
        """Runs once, to its end."""
        self.before = self._of_others()
        try:
            code = self._start().wait(PATIENCE * 2)
        except subprocess.TimeoutExpired:
            code = -1
        assert code == 0, f"the run ended with {code}:\n{self._log()}"

    def check(self) -> None:
        """Everything has landed, nothing is lost, nobody else's is touched, nothing is left over."""
        found = {path for path in self.shared.files("main") if path.startswith("done/")}
        assert found == {f"done/{unit}.txt" for unit in self.units()}, f"{found}\n{self._log()}"
        log = self._log() + "".join(path.read_text("utf-8", "replace") for path in self._logs())
        assert "a bug in gitcoord" not in log, log
        assert "Traceback" not in log, log
        self._judge_work()
        now = self._of_others()
        assert now == self.before, [
            f"{key}: {was} -> {now[key]}" for key, was in self.before.items() if now[key] != was
        ]
        self._judge_leftovers()

    def _make(self) -> None:
        self.desk = Repo(self.place / "desk")
        self.shared = Repo.create(self.place / "origin.git", bare=True) if self.has_remote else self.desk
        first = self.shared if self.has_remote else Repo.create(self.desk.path)
        ignored = {".gitignore": "/.taskmaster\n/gitcoord.toml\n/trees\n"}
        own = {f"own/{unit}": "1\n" for unit in self.units()}
        first.commit({"src/main.rs": MAIN, "mine.txt": "1\n", **ignored, **own})
        if self.has_remote:
            self.shared.commit({"theirs": "1\n"}, "Somebody", branch="somebody", at="main")
            self.shared.git("clone", "--quiet", "--", self.shared.path.as_uri(), str(self.desk.path))
        trees = "worktrees = 'trees'\n" if self.inside else ""
        settings = _SETTINGS.format(worktrees=trees, timeout=30)
        (self.desk.path / "gitcoord.toml").write_text(settings)
        write_tasks(self.desk.path, self.tasks)
        self.project = Project(self.shared, self.desk)
        self.project.run("plan", "--strategy", self.strategy, ok=0)
        self._users_own()
        for name in ("scripts", "tmp"):
            (self.place / name).mkdir()
        self.program = self.place / "agent.sh"
        done = "mkdir -p done; echo $unit > done/$unit.txt"
        self.program.write_text(
            f"PLACE={shlex.quote(str(self.place))}; unit=${{GITCOORD_SUBTASK:-$GITCOORD_TASK_ID}}\n"
            f"{PRELUDE}{BEGIN}"
            f'this="$PLACE/scripts/$unit-$GITCOORD_ATTEMPT"\nif [ -e "$this" ]; then {done}; . "$this"; fi\n'
            f"{HONEST}{done}\n"
        )
        self.agent = type("Place", (), {"directory": self.program})()

    def _users_own(self) -> None:
        """The user is in the middle of things: a branch, staged, changed and new files, a stash."""
        path, git = self.desk.path, self.desk.git
        (path / "mine.txt").write_text("stashed\n")
        git("stash", "push", "--quiet")
        git("branch", "mine")
        (path / "staged").write_text("the user's\n")
        git("add", "staged")
        (path / "mine.txt").write_text("changed\n")
        (path / "new").write_text("the user's\n")

    def _draw(self) -> dict[str, list[Deed]]:
        often = {unit: self.dice.choice((0, 1, 1, 2)) for unit in self.units()}
        return {
            unit: [draw(self.dice, unit, attempt, remote=self.has_remote) for attempt in range(1, count + 1)]
            for unit, count in often.items()
        }

    def _start(self) -> "subprocess.Popen[bytes]":
        agent = shlex.join(["sh", str(self.program)])
        arguments = ("run", "--agent", agent, "--land", "--yes", "--max-parallel", "3", "--retries", "5")
        with (self.place / "run.log").open("ab") as log:
            return subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=self.desk.path,
                env=environment({"TMPDIR": str(self.place / "tmp")}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _of_others(self) -> dict[str, str]:
        git, common = self.desk.git, self.desk.path / ".git"
        config = git("config", "--file", str(common / "config"), "--list")
        seen = {
            "HEAD": git("symbolic-ref", "HEAD"),
            "status": git("status", "--porcelain"),
            "staged": git("diff", "--cached"),
            "changed": git("diff"),
            "stash": next(
                line
                for line in git("stash", "list", "--format=%H %gs").splitlines()
                if "On main" in line or "WIP on main" in line
            ),
            "mine": git("rev-parse", "mine"),
            "config": "\n".join(
                line for line in sorted(config.splitlines()) if not line.startswith(_MAY_CHANGE)
            ),
            "exclude": (common / "info/exclude").read_text(),
            "hooks": str(sorted(path.name for path in (common / "hooks").glob("*"))),
        }
        return seen | ({"somebody": self.shared.tip("somebody")} if self.has_remote else {"main": ""})

    def _judge_work(self) -> None:
        """Every word of the ledger is in what a ref holds, or in a file that was kept."""
        ledger = self.place / "ledger"
        words = set(ledger.read_text().split("\n")) - {""} if ledger.exists() else set()
        kept = b"".join(
            path.read_bytes()
            for above in (*(self.desk.path / ".git").glob("gitcoord*/"), self._trees())
            for path in above.rglob("*")
            if path.is_file() and not path.is_symlink() and "run" not in path.relative_to(above).parts[:1]
        )
        for repo in {self.desk, self.shared}:
            stashes = repo.git("reflog", "show", "--format=%H", "refs/stash", "--", ok=(0, 128)).split()
            ids = repo.git("rev-list", "--objects", "--all", *stashes).splitlines()
            asked = "".join(f"{line.partition(' ')[0]}\n" for line in ids)
            kept += subprocess.run(
                ["git", "cat-file", "--batch"],
                cwd=repo.path,
                input=asked.encode(),
                capture_output=True,
                check=True,
            ).stdout
        # Lines only: the names of files and messages have these words, too.
        lost = words - {line.decode("utf-8", "replace") for line in kept.split(b"\n")} - {""}
        lost = {word for word in lost if b"\0" + word.encode() + b"\n" not in kept}
        assert not lost, f"lost: {sorted(lost)}\n{self._log()}"

    def _judge_leftovers(self) -> None:
        left = [path.name for path in self._trees().glob("*")]
        assert not left, f"checkouts: {left}\n{self._log()}"
        listed = self.desk.git("worktree", "list", "--porcelain")
        assert listed.count("worktree ") == 1, listed
        common = self.desk.path / ".git"
        locks = [
            p
            for p in common.rglob("*.lock")
            if not any(part.startswith("gitcoord") for part in p.relative_to(common).parts)
        ]
        assert not locks, locks
        files = list((self.place / "tmp").glob("*"))
        assert not files, (files, [file.read_text() for file in files if file.suffix == ".log"])
        known: tuple[str, ...] = (
            "refs/heads/",
            "refs/remotes/",
            "refs/gitcoord-mirror/",
            "refs/gitcoord-kept/",
            "refs/stash",
        )
        known = known if self.has_remote else (*known, "refs/gitcoord/")
        refs = [ref for ref in self.desk.refs() if not ref.startswith((*known, "refs/tags/"))]
        assert not refs, refs
        until = time.monotonic() + 20
        while (alive := list(self._processes())) and time.monotonic() < until:
            time.sleep(0.1)
        assert not alive, alive

    def _trees(self) -> Path:
        return self.desk.path / "trees" if self.inside else self.place / "desk.gitcoord"

    def _logs(self) -> list[Path]:
        return list((self.desk.path / ".git/gitcoord").glob("run*/*/log"))

    def _log(self) -> str:
        return f"{self}\n" + (self.place / "run.log").read_text("utf-8", "replace")[-6000:]


def play(seed: int, place: Path, strategy: str) -> str:
    """Plays one scenario; what is wrong with it, or nothing."""
    os.chdir("/")
    scenario = Misbehaving(place, seed, strategy=strategy)
    try:
        scenario.run()
        scenario.check()
    except AssertionError as error:
        return f"{error}"
    return ""
