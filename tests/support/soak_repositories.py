"""Random landings of a level over three repositories: drawn from a seed, played with real git, judged.

`scripts/soak-repositories --seeds 1-100`. A seed draws what goes wrong: a kill around a push, an answer that
is lost, a repository that closes its base in the middle, a person who pushes to a base, merges a branch or
deletes one. Then nothing goes wrong any more, and the next runs have to end well.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from tests.support.killer import deadly_git
from tests.support.repos import Repo, hermetic_environment
from tests.support.services import SERVICES, Services
from tests.support.tasklists import task

WORK = {"1": ("schema",), "2": ("api",), "3": ("web",), "4": ("api", "web"), "5": ("schema",)}
TASKS = [
    *(task(int(id), repo=", ".join(where)) for id, where in WORK.items()),
    task(9, repo="web", depends_on=[1, 2, 3, 4, 5]),
]
HAZARDS = ("none", "kill", "lost", "frozen", "freezes", "pushes", "conflicts", "merges", "deletes")
_MEMORY = Path("/dev/shm")
_LOST = """#!/bin/sh
case " $* " in
*" push "*)
  count=$(( $(cat "{directory}/count" 2>/dev/null || echo 0) + 1 ))
  echo "$count" > "{directory}/count"
  "{git}" "$@"; ended=$?
  if [ "$count" = "{nth}" ]; then echo "fatal: the remote end hung up unexpectedly" >&2; exit 128; fi
  exit $ended;;
esac
exec "{git}" "$@"
"""


class Scenario:
    """What a seed draws."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(seed)
        self.seed = seed
        self.strategy = draw.choice(("multi-pr", "single-pr"))
        self.method = draw.choice(("merge", "merge", "squash", "rebase"))
        self.on_partial = draw.choice(("wait", "rollback"))
        self.hazards = tuple(draw.choice(HAZARDS) for _ in range(draw.choice((1, 1, 2))))
        self.first, self.second = draw.sample(SERVICES, 2)
        self.nth = draw.randint(1, 34)
        self.when = draw.choice(("before", "after"))
        self.again = draw.random() < 0.4

    def __str__(self) -> str:
        hazards = "+".join(self.hazards)
        return (
            f"{self.strategy} {self.method} {self.on_partial} {hazards} {self.first}/{self.second} {self.nth}"
        )


def play(scenario: Scenario, template: Services, directory: Path) -> tuple[list[str], str]:
    """Plays a scenario; what is wrong at the end, and how it ended."""
    services = copied(template, directory)
    args = ("merge-level", "0", "--method", scenario.method, "--on-partial", scenario.on_partial, "--json")
    env: dict[str, str] = {}
    for hazard in scenario.hazards:
        env |= arm(hazard, scenario, services, directory / f"hazard-{hazard}")
    transcript = [services.run(*args, env=env)]
    if scenario.again and env:
        shutil.rmtree(directory / "hazard-again", ignore_errors=True)
        transcript.append(services.run(*args, env=deadly_git(directory / "hazard-again", 3, "after")))
    for name in SERVICES:
        shutil.rmtree(services.remotes[name].path / "hooks", ignore_errors=True)
    for _ in range(2):
        transcript.append(services.run(*args))
        if transcript[-1].code == 0:
            break
    wrong = judge(scenario, services, transcript[-1].json if transcript[-1].out else {})
    if any(ran.code not in (0, 1, 3, -9, 137) for ran in transcript):
        wrong.append(f"exit codes {[ran.code for ran in transcript]}: {transcript[-1].err[-300:]}")
    if wrong:
        (directory / "transcript.txt").write_text("\n\n".join(f"{one.out}\n{one.err}" for one in transcript))
    return wrong, (transcript[-1].json or {}).get("state", "error") if transcript[-1].out else "error"


def arm(hazard: str, scenario: Scenario, services: Services, place: Path) -> dict[str, str]:
    """Prepares what goes wrong; the environment that the run needs for it."""
    first, second = services.remotes[scenario.first], services.remotes[scenario.second]
    closed = "#!/bin/sh\ncase $1 in refs/heads/main) echo frozen >&2; exit 1;; esac\n"
    match hazard:
        case "kill":
            return deadly_git(place, scenario.nth, "before" if scenario.when == "before" else "after")
        case "lost":
            place.mkdir(parents=True)
            text = _LOST.format(directory=place, git=shutil.which("git"), nth=scenario.nth)
            hook(place / "git", text)
            return {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}
        case "frozen":
            hook(first.path / "hooks/update", closed)
        case "freezes":  # once something has landed in the first, the second takes nothing more
            other = second.path / "hooks/update"
            script = (
                f"printf '%b' '{closed.encode('unicode_escape').decode()}' > '{other}'; chmod +x '{other}'"
            )
            on_landing(first, f"mkdir -p '{other.parent}'; {script}")
        case "pushes" | "conflicts":  # a person pushes to the second when the first has landed
            path = "person.txt" if hazard == "pushes" else task_file(scenario.second)
            second.commit({path: "a person\n"}, "By hand", branch="by-hand")
            on_landing(first, f"git --git-dir '{second.path}' update-ref refs/heads/main refs/heads/by-hand")
        case "merges":
            branch = f"feature/level-0-task-{first_task(scenario.first)}"
            first.commit(
                {task_file(scenario.first): f"{scenario.first}\n"}, "Merge it by hand", merge=[branch]
            )
        case "deletes":
            first.git("branch", "-D", f"feature/level-0-task-{first_task(scenario.first)}", ok=(0, 1))
        case _:
            pass
    return {}


def on_landing(remote: Repo, script: str) -> None:
    """Runs a script once, when the base of a remote moves."""
    place, done = remote.path / "hooks/post-receive", remote.path / "done"
    if place.exists():
        place.write_text(f"{place.read_text()}{script}\n")
        return
    text = "#!/bin/sh\nunset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY\n"
    text += f"grep -q refs/heads/main || exit 0\n[ -e '{done}' ] && exit 0\n: > '{done}'\n{script}\n"
    hook(place, text)


def hook(path: Path, text: str) -> None:
    """Writes a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def first_task(name: str) -> str:
    """The first task that works in a repository."""
    return next(id for id, where in WORK.items() if name in where)


def task_file(name: str) -> str:
    """The file that the first task of a repository adds."""
    return f"task{first_task(name)}.txt"


def judge(scenario: Scenario, services: Services, last: dict[str, Any]) -> list[str]:
    """What is wrong after the last run: half landed, landed twice, lost, or told otherwise than it is."""
    wrong = []
    state = last.get("state")
    inside = {
        (id, name): f"task{id}.txt" in services.remotes[name].files("main")
        for id, where in WORK.items()
        for name in where
    }
    landed = {key for key, found in inside.items() if found}
    told = {
        (one["task"], name)
        for name, report in last.get("repositories", {}).items()
        for one in report["landed"]
    }
    conflicts = "conflicts" in scenario.hazards
    others = {key for key in landed ^ told if not (conflicts and key[1] == scenario.second)}
    if others:
        wrong.append(f"landed is {sorted(landed)}, and the report says {sorted(told)} ({state})")
    if state == "landed" and len(landed) < len(inside):
        wrong.append("the report says landed, and the bases lack something")
    hands = {"conflicts", "deletes", "merges"} & set(scenario.hazards)
    if not hands:
        if state not in ("landed", "rolled-back", "waiting"):
            wrong.append(f"nothing goes wrong any more, and it is {state}: {last.get('reason')}")
        if state != "landed" and landed:
            wrong.append(f"{state}, and half landed: {sorted(landed)}")
        if scenario.on_partial == "wait" and state != "landed":
            wrong.append(f"wait ended as {state}: {last.get('reason')}")
    wrong += _history(scenario, services, inside)
    ready = services.run("checkout", "9", "--dry-run").code == 0
    if ready != (len(landed) == len(inside)) and not hands:
        wrong.append(
            f"task 9 {'may' if ready else 'may not'} begin with {len(landed)} of {len(inside)} landed"
        )
    return wrong


def _history(scenario: Scenario, services: Services, inside: Collection[tuple[str, str]]) -> list[str]:
    """What the histories of the bases show to be landed twice, or lost."""
    wrong = []
    for id, name in inside:
        remote, path = services.remotes[name], f"task{id}.txt"
        log = ("log", "--first-parent", "--format=%H", "main", "--", path)
        added = remote.git(*log[:2], "--diff-filter=A", *log[2:]).split()
        gone = remote.git(*log[:2], "--diff-filter=D", *log[2:]).split()
        if len(added) - len(gone) not in (0, 1) or len(added) > 1 + len(gone):
            wrong.append(f"task {id} landed {len(added)} times in {name}")
        head = services.heads[id, name]
        kept = remote.git("for-each-ref", f"--contains={head}", "--format=%(refname)", "refs/")
        if not kept and "deletes" not in scenario.hazards:
            wrong.append(f"the work of task {id} is lost in {name}")
    pushed = "pushes" in scenario.hazards and (services.remotes[scenario.first].path / "done").exists()
    if pushed and "person.txt" not in services.remotes[scenario.second].files("main"):
        wrong.append("what a person pushed is lost")
    return wrong


def make_template(directory: Path, strategy: str) -> Services:
    """Three repositories with the work of level-0 done."""
    services = Services.create(directory, tasks=TASKS, strategy=strategy)
    services.heads = {
        (id, name): services.work(id, {f"task{id}.txt": f"{name}\n"}, at=name)
        for id, where in WORK.items()
        for name in where
    }
    return services


def copied(template: Services, directory: Path) -> Services:
    """The same in another place."""
    shutil.copytree(template.directory, directory, symlinks=True)
    for clone in ("home", *SERVICES):
        config = directory / clone / ".git" / "config"
        there, here = template.directory.as_uri(), directory.as_uri()
        config.write_text(config.read_text().replace(there, here))
    remotes = {
        name: repo.at(directory / "remotes" / f"{name}.git") for name, repo in template.remotes.items()
    }
    services = Services(directory, remotes, template.env)
    services.heads = template.heads
    return services


def main(arguments: Sequence[str]) -> int:
    """Plays seeds and prints how they ended; 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="scripts/soak-repositories")
    parser.add_argument("--seeds", default="1-20", help="such as 1-300 or 17")
    parser.add_argument("--keep", type=Path, help="keep the repositories of what went wrong there")
    asked = parser.parse_args(arguments)
    first, _, last = asked.seeds.partition("-")
    world = Path(tempfile.mkdtemp(prefix="soak-repositories-", dir=_MEMORY if _MEMORY.is_dir() else None))
    hermetic = hermetic_environment(world)
    for name in set(os.environ) - set(hermetic):
        del os.environ[name]
    os.environ.update(hermetic)
    templates = {name: make_template(world / name, name) for name in ("multi-pr", "single-pr")}
    ends, hazards, bad = Counter[str](), Counter[str](), 0
    for seed in range(int(first), int(last or first) + 1):
        scenario = Scenario(seed)
        directory = world / f"seed-{seed}"
        wrong, state = play(scenario, templates[scenario.strategy], directory)
        ends[f"{scenario.on_partial}: {state}"] += 1
        hazards.update(scenario.hazards)
        bad += bool(wrong)
        print(f"{seed} {scenario}: {state}{''.join(f' !! {one}' for one in wrong)}", flush=True)
        if wrong and asked.keep:
            shutil.copytree(directory, asked.keep / f"seed-{seed}", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(directory)
    shutil.rmtree(world)
    counts = {"scenarios": sum(ends.values()), "wrong": bad, "ends": dict(sorted(ends.items()))}
    print(json.dumps({**counts, "hazards": dict(sorted(hazards.items()))}))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
