"""What workers and others do in a scenario, with plain git, by compare-and-swap; and what has to come out."""

import os
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.soak.drawing.scenario import SLOTS, Push, Scenario, Work
from tests.support.repos import Repo

SHARED = "shared.txt"
OTHER_BASE = "release"
_ATTEMPTS = 30


def own_line(task: str) -> str:
    """The line that only this task writes."""
    return f"the unique line of task {task}"


def own_files(work: Work) -> dict[str, str]:
    """The files that only this task writes."""
    files = {f"work/{work.id}.txt": own_line(work.id) + "\n"}
    if work.settles:
        files |= {f"side/{work.id}.txt": "side\n", f"settled/{work.id}.txt": "settled\n"}
    return files


def shared_text(slots: Mapping[int, Sequence[str]]) -> str:
    """The shared file: a line for each slot with the names of those who wrote to it, far from each other."""
    lines: list[str] = []
    for slot in range(SLOTS):
        names = " ".join(sorted(slots.get(slot, ())))
        lines += [f"between {slot}.{number}" for number in range(4)] + [f"slot {slot}: {names}".rstrip()]
    return "\n".join(lines) + "\n"


def slots_of(text: str) -> dict[int, list[str]]:
    """The slots of a shared file."""
    lines = [line.removeprefix("slot ") for line in text.splitlines() if line.startswith("slot ")]
    return {int(line.partition(":")[0]): line.partition(":")[2].split() for line in lines}


class World:
    """The shared repository of a scenario. Everything in here may happen while a client is at work."""

    def __init__(
        self, scenario: Scenario, remote: Repo, place: Path, note: Callable[[str], None] = lambda text: None
    ) -> None:
        self._note = note
        self.scenario = scenario
        self.remote = remote
        self.place = place
        self.pushed: list[Push] = []
        self.moved: Counter[str] = Counter()
        """How often somebody moved a branch that was there."""
        self._lock = threading.Lock()
        self._numbers = iter(range(10_000))

    def begin(self) -> None:
        """The first commit, and a branch that is none of gitcoord's business."""
        first = self.remote.commit({SHARED: shared_text({}), "README.md": "soak\n"}, "first commit")
        self._commit(OTHER_BASE, first, {"release.txt": "soak\n"}, "Prepare the release")

    def do(self, work: Work, at: str = "main") -> None:
        """Somebody does a task, from the branch `at` on, and pushes its branch."""
        main = self.remote.tip(at)
        first = {f"work/{work.id}.txt": own_line(work.id) + "\n"}
        slot = {} if work.slot is None else {SHARED: self._with_slot(main, work.slot, work.id)}
        if work.settles:
            sides = [
                self._write(main, [main], first, f"Begin task {work.id}"),
                self._write(
                    main, [main], slot or {f"side/{work.id}.txt": "side\n"}, f"Other side of {work.id}"
                ),
            ]
            settled = {f"side/{work.id}.txt": "side\n", f"settled/{work.id}.txt": "settled\n"}
            new = self._write(
                main, sides, {**first, **slot, **settled}, f"Settle both sides of task {work.id}"
            )
            self.remote.git("update-ref", f"refs/heads/{work.branch}", new)
        elif work.commits == 1 or not slot:
            self._commit(work.branch, main, {**first, **slot}, f"Do task {work.id}")
        else:
            middle = self._commit(work.branch, main, first, f"Begin task {work.id}")
            self._commit(work.branch, middle, slot, f"End task {work.id}")

    def rework(self, work: Work) -> None:
        """Merges the base into a deferred task's branch, and settles the conflict as anybody would."""
        main, tip = self.remote.tip("main"), self.remote.find(f"refs/heads/{work.branch}")
        if tip is None:
            self._note(f"others: {work.branch} is gone, there is nothing to rework")
            return
        files = own_files(work)
        files |= {path: self.remote.read(tip, path) + "\n" for path in self._more(tip)}
        if work.slot is not None:
            files[SHARED] = self._with_slot(main, work.slot, work.id)
        new = self._write(main, [tip, main], files, f"Merge main into {work.branch}")
        self._move(work.branch, new, tip)
        self._note(f"others: {work.branch} reworked on {main[:7]} as {new[:7]}")

    def push(self, push: Push, message: str = "") -> str | None:
        """Somebody else pushes, to the base or to another branch, unless that is gone; returns the commit."""
        branch = push.branch or ("main" if push.task is None else self.branch_of(push.task))
        for _ in range(_ATTEMPTS):
            tip = self.remote.find(f"refs/heads/{branch}")
            if tip is None:
                return None
            path = f"outside/{push.name}.txt" if push.is_to_base else f"more/{push.task}-{push.name}.txt"
            files = {path: f"pushed from outside: {push.name}\n"}
            if push.slot is not None:
                files[SHARED] = self._with_slot(tip, push.slot, f"x{push.name}")
            new = self._write(tip, [tip], files, f"Outside {push.name}\n{message}")
            if self._move(branch, new, tip):
                self.pushed.append(push)
                self._note(f"others: {push} moved {branch} from {tip[:7]} to {new[:7]}")
                return new
        return None

    def quote(self, name: str, choice: int) -> str:
        """Somebody pushes to the base what changes a task's lines otherwise, and quotes its landing."""
        landed = set(self.remote.files("main"))
        open_ones = [
            (work, tip)
            for work in self.scenario.works
            if f"work/{work.id}.txt" not in landed
            and (tip := self.remote.find(f"refs/heads/{work.branch}")) is not None
        ]
        if not open_ones:
            return ""
        work, tip = open_ones[choice % len(open_ones)]
        self.push(Push(name, None, work.slot), f"\nGitcoord-Landed: {work.id} {tip}\n")
        return f"task {work.id} at {tip[:7]}"

    def commit_elsewhere(self, name: str) -> str:
        """A commit on top of the base that is on no branch: somebody's fork has it."""
        main = self.remote.tip("main")
        return self._write(main, [main], {f"foreign/{name}.txt": "foreign\n"}, f"Foreign {name}")

    def settle(self, branch: str) -> None:
        """Merges the base into a branch that others wrote to as well; lines of the shared file add up."""
        main, tip = self.remote.tip("main"), self.remote.find(f"refs/heads/{branch}")
        if tip is None:
            return
        ours, theirs = (slots_of(self.remote.read(commit, SHARED)) for commit in (tip, main))
        slots = {slot: sorted({*ours.get(slot, ()), *theirs.get(slot, ())}) for slot in range(SLOTS)}
        known = set(self.remote.files(main))
        own = {path for path in self.remote.files(tip) if path not in known}
        files = {path: self.remote.read(tip, path) + "\n" for path in own}
        new = self._write(
            main, [tip, main], {**files, SHARED: shared_text(slots)}, f"Merge main into {branch}"
        )
        self._move(branch, new, tip)
        self._note(f"others: {branch} settled on {main[:7]} as {new[:7]}")

    def begin_again(self, branch: str, commits: Sequence[str]) -> None:
        """Resets a branch to the base, and cherry-picks these commits onto it, but no merges of the base."""
        new, tip = self.remote.tip("main"), self.remote.find(f"refs/heads/{branch}")
        if tip is None:
            return
        for commit in commits:
            if self.remote.find(f"{commit}^2") is None:
                options = ("merge-tree", "--write-tree", f"--merge-base={commit}^")
                tree = self.remote.git(*options, new, commit)
                message = self.remote.git("show", "--no-patch", "--format=%B", commit)
                new = self.remote.git("commit-tree", tree, "-p", new, "-m", message)
        self._move(branch, new, tip)
        self._note(f"others: {branch} begun again at main as {new[:7]} with {', '.join(commits)}")

    def files(self) -> dict[str, str]:
        """Every file of the base with its content."""
        return {path: self.remote.read("main", path) + "\n" for path in self.remote.files("main")}

    def by_hand(self, landed: Sequence[Work]) -> dict[str, str]:
        """What merging these tasks and what others pushed to the base gives, without `more/`."""
        pushed = [push for push in self.pushed if push.is_to_base]
        slots: dict[int, list[str]] = {}
        for slot, name in [
            *((work.slot, work.id) for work in landed),
            *((push.slot, f"x{push.name}") for push in pushed),
        ]:
            if slot is not None:
                slots.setdefault(slot, []).append(name)
        files = {"README.md": "soak\n", SHARED: shared_text(slots)}
        for work in landed:
            files |= own_files(work)
        return files | {f"outside/{push.name}.txt": f"pushed from outside: {push.name}\n" for push in pushed}

    def added(self) -> list[str]:
        """Each path as often as a commit of the base's own line added it."""
        options = (
            "log",
            "--first-parent",
            "-m",
            "--no-renames",
            "--diff-filter=A",
            "--name-only",
            "--format=",
        )
        return [line for line in self.remote.git(*options, "main").splitlines() if line]

    def is_kept(self, push: Push) -> bool:
        """Whether what was pushed to a branch is still on it, for its worker to hand in."""
        branch = push.branch or self.branch_of(push.task or "")
        tip = self.remote.find(f"refs/heads/{branch}")
        return tip is not None and any(path.endswith(f"-{push.name}.txt") for path in self._more(tip))

    def branch_of(self, task: str) -> str:
        """The branch that a task is done on."""
        return next(work.branch for work in self.scenario.works if work.id == task)

    def _more(self, tip: str) -> list[str]:
        return [path for path in self.remote.files(tip) if path.startswith("more/")]

    def _with_slot(self, commit: str, slot: int, name: str) -> str:
        slots = slots_of(self.remote.read(commit, SHARED))
        return shared_text({**slots, slot: sorted({*slots.get(slot, ()), name})})

    def _commit(self, branch: str, parent: str, files: Mapping[str, str], message: str) -> str:
        new = self._write(parent, [parent], files, message)
        self.remote.git("update-ref", f"refs/heads/{branch}", new)
        return new

    def _write(self, start: str, parents: Sequence[str], files: Mapping[str, str], message: str) -> str:
        """A commit with the tree of `start` and these files."""
        index = self.place / f"index-{next(self._numbers)}"
        env = {**self.remote.environment, "GIT_INDEX_FILE": str(index)}
        self._git(env, "read-tree", start)
        for path, text in files.items():
            blob = self._git(env, "hash-object", "-w", "--stdin", input=text)
            self._git(env, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        tree = self._git(env, "write-tree")
        index.unlink()
        return self._git(
            env, "commit-tree", tree, *(word for one in parents for word in ("-p", one)), "-m", message
        )

    def _move(self, branch: str, new: str, old: str) -> bool:
        with self._lock:
            ended = subprocess.run(
                ["git", "update-ref", f"refs/heads/{branch}", new, old],
                cwd=self.remote.path,
                env=self.remote.environment,
                capture_output=True,
                check=False,
            )
        self.moved[branch] += ended.returncode == 0
        return ended.returncode == 0

    def moves(self, branch: str) -> int:
        """How often others moved a branch; that of a level goes by those of all tasks.

        Nothing that is pushed to tasks is in a rollback.
        """
        if "rollback" in branch or any(work.branch == branch for work in self.scenario.works):
            return self.moved[branch]
        return sum(times for name, times in self.moved.items() if name != "main")

    def _git(self, env: Mapping[str, str], *arguments: str, input: str = "") -> str:
        ended = subprocess.run(
            ["git", *arguments],
            cwd=self.remote.path,
            env=env,
            input=input.encode(),
            capture_output=True,
            check=True,
        )
        return os.fsdecode(ended.stdout).strip()


def clone(remote: Repo, place: Path, url: str) -> Repo:
    """A clone that has never seen a token: made from the disk, then pointed at the server."""
    shutil.rmtree(place, ignore_errors=True)
    desk = remote.clone(place)
    desk.git("remote", "set-url", "origin", url)
    return desk
