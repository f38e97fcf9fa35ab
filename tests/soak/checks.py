"""Random landings with a check: `scripts/soak --checks`.

Branches fail alone, in pairs, for no reason or without end. Clients land side by side and are killed, and
somebody pushes, a broken base too. At the end the check is run once more on every commit that gitcoord put on
the base, and on what was left out.
"""

import multiprocessing
import os
import random
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.support.cli import start_gitcoord
from tests.support.project import Project, independent
from tests.support.repos import hermetic_environment

_RULE = (
    "for name in $(cat calls/*); do\n"
    '  grep -qx "$name" functions/* || { echo "$name is called, and not defined"; exit 1; }\n'
    "done\n"
)
_FILES = {"rule.sh": _RULE, "functions/a": "open\n", "functions/b": "close\n", "calls/main": "open\n"}
_KINDS = ("fine", "fine", "renames", "calls old", "calls old", "bad")


@dataclass
class Seen:
    """What one scenario came to."""

    seed: int
    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class Scenario:
    """One level of work, its clients and its troubles, drawn from a seed."""

    def __init__(self, seed: int, place: Path) -> None:
        self._draw = random.Random(seed)
        self._place = place
        self.seen = Seen(seed)
        ids = [str(number) for number in range(1, self._draw.randint(4, 7))]
        strategy = self._draw.choice(("single-pr", "multi-pr"))
        self._method = self._draw.choice(("merge", "squash"))
        self._project = Project.create(place, independent(*ids), strategy=strategy, files=_FILES)
        self._first = self._project.remote.tip("main")
        self._outside: set[str] = set()
        self._kinds = {id: self._draw.choice(_KINDS) for id in ids}
        if (
            strategy == "multi-pr" and self._draw.random() < 0.2
        ):  # a level's one pull request would wait for it
            self._kinds[ids[-1]] = "endless"
        for id, kind in self._kinds.items():
            self._project.work(id, _work(id, kind))
        self._clients = [self._project.desk, self._project.remote.clone(place / "second")]
        self._count = place / "count"
        self._check = place / "check.sh"
        flaky = self._draw.random() < 0.4
        self._check.write_text(
            'tree=$(git rev-parse "HEAD^{tree}")\ntest ! -e endless || sleep 600\n'
            # One tree in four fails the first time that it is checked, for no reason.
            + (
                f"case $tree in [0-3]*) mkdir {place}/flaked-$tree 2>/dev/null && exit 1 ;; esac\n"
                if flaky
                else ""
            )
            + f"sh rule.sh; code=$?\necho $tree >> {self._count}\nexit $code\n"
        )
        self.seen.counts.update(
            [strategy, self._method, *self._kinds.values(), *(["flaky"] if flaky else [])]
        )

    def play(self) -> Seen:
        """Plays and judges."""
        for _ in range(self._draw.randint(1, 3)):
            self._round()
        self._push({"functions/broken": "", "calls/broken": ""})
        for _ in range(2):
            self._land(0, "--recheck").wait()
        self._judge()
        return self.seen

    def _round(self) -> None:
        runs = [self._land(number) for number in range(self._draw.choice((1, 1, 2)))]
        self.seen.counts["second clients"] += len(runs) - 1
        trouble = self._draw.choice(("none", "kill", "kill", "push", "break"))
        time.sleep(self._draw.uniform(0.5, 6))
        if trouble == "kill":
            runs[0].kill()
        elif trouble == "push":
            self._push({"outside": str(self._draw.random())})
        elif trouble == "break":
            self._push({"calls/broken": "nowhere\n"})
        self.seen.counts[trouble] += 1
        for run in runs:
            out, err = run.communicate()
            if b"Traceback" in err or run.returncode not in (0, 1, -9):
                self.seen.violations.append(f"a client ended with {run.returncode}: {err[-600:]!r} {out!r}")

    def _land(self, number: int, *more: str) -> "subprocess.Popen[bytes]":
        words = ("--check", f"sh {self._check}", "--slots", "2", "--check-timeout", "15s")
        arguments = ("merge-level", "0", "--method", self._method, *words, "--json", *more)
        return start_gitcoord(*arguments, cwd=self._clients[number].path)

    def _push(self, files: dict[str, str]) -> None:
        """Somebody pushes onto the base, whoever else moves it at that moment."""
        clone = self._project.remote.clone(self._place / f"outside-{len(self._outside)}")
        for path, text in files.items():
            (clone.path / path).write_text(text)
        clone.git("add", "--all")
        clone.git("commit", "--quiet", "--allow-empty", "-m", "outside")
        while True:
            clone.git("fetch", "--quiet", "origin", "main")
            clone.git("rebase", "--quiet", "origin/main")
            commit = clone.git("rev-parse", "HEAD")
            self._outside.add(commit)
            if subprocess.run(["git", "push", "-q", "origin", "HEAD:main"], cwd=clone.path).returncode == 0:
                return

    def _judge(self) -> None:
        judge = self._project.remote.clone(self._place / "judge")
        for commit in judge.git("rev-list", "--first-parent", f"{self._first}..origin/main").split():
            if commit not in self._outside and not _passes(judge.path, commit):
                self.seen.violations.append(f"the check fails on {commit}, which gitcoord put on the base")
            self.seen.counts["commits judged"] += commit not in self._outside
        for id, kind in self._kinds.items():
            landed = f"own/{id}" in self._project.remote.files("main")
            self.seen.counts["landed" if landed else "left out"] += 1
            if not landed and kind != "endless":
                judge.git("checkout", "--quiet", "--detach", "origin/main")
                merge = ("merge", "--quiet", "--no-edit", f"origin/feature/level-0-task-{id}")
                if (
                    subprocess.run(["git", *merge], cwd=judge.path, capture_output=True).returncode == 0
                    and subprocess.run(["sh", "rule.sh"], cwd=judge.path, capture_output=True).returncode == 0
                ):
                    self.seen.violations.append(f"task {id} ({kind}) passes on the base, and was left out")
                judge.git("reset", "--quiet", "--hard")
        counted = Counter(self._count.read_text().split() if self._count.exists() else [])
        self.seen.counts["checks"] += counted.total()
        # Two clients at once share no failures; each is checked again, and once more with --recheck.
        most = 2 * 2 + 2 * 2 + self.seen.counts["kill"]
        self.seen.violations += [f"{t} was checked {n} times" for t, n in counted.items() if n > most]


def _begin(root: Path) -> None:
    """Gives a worker a home of its own, where copies of projects are kept."""
    home = root / f"worker-{os.getpid()}"
    home.mkdir(parents=True)
    os.environ.update(hermetic_environment(home))


def _play_one(root: Path, seed: int) -> Seen:
    place = root / f"seed-{seed}"
    place.mkdir(parents=True)
    return Scenario(seed, place).play()


def _work(id: str, kind: str) -> dict[str, str]:
    own = {f"own/{id}": "x\n"}
    match kind:
        case "renames":
            return {**own, "functions/a": f"open_{id}\n", "calls/main": f"open_{id}\n"}
        case "calls old":
            return {**own, f"calls/{id}": "open\n"}
        case "bad":
            return {**own, f"calls/{id}": f"nothing_{id}\n"}
        case "endless":
            return {**own, "endless": id}
    return own


def _passes(place: Path, commit: str) -> bool:
    subprocess.run(["git", "checkout", "-q", "--detach", commit], cwd=place, check=True)
    endless = (place / "endless").exists()
    return not endless and subprocess.run(["sh", "rule.sh"], cwd=place, capture_output=True).returncode == 0


def play_checks(seeds: list[int], root: Path, workers: int = 1) -> int:
    """Plays these seeds, prints what was counted; 1 when something was not as it has to be."""
    counts: Counter[str] = Counter()
    bad = []
    with multiprocessing.Pool(workers, _begin, (root,)) as pool:
        for number, seen in enumerate(pool.imap_unordered(partial(_play_one, root), seeds), 1):
            counts += seen.counts
            verdict = "ok" if not seen.violations else "VIOLATIONS"
            print(f"[{number}/{len(seeds)}] seed {seen.seed} {verdict}", flush=True)
            for violation in seen.violations:
                print(f"    {violation}", flush=True)
            bad += [seen.seed] if seen.violations else []
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"seeds with violations: {bad or 'none'}")
    return 1 if bad else 0
