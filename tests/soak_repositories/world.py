"""The repositories of a scenario on the `local` forge, and how things go wrong there."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.soak_repositories.scenario import (
    CLASHES,
    LATER,
    ORDER,
    TASKS,
    WORK,
    Forge,
    Scenario,
    first_branch,
    first_task,
    task_file,
)
from tests.support.cli import Ran
from tests.support.killer import deadly_git, writes
from tests.support.repos import Repo
from tests.support.services import SERVICES, Services

GIT_WRITES = "push fetch update-ref commit-tree merge-tree hash-object mktree worktree checkout"
"""What git writes in the clones, too."""
BAD = "bad"
_CLOSED = "#!/bin/sh\ncase $1 in refs/heads/main) echo frozen >&2; exit 1;; esac\n"
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
_LANDED = """#!/bin/sh
unset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY
grep -q refs/heads/main || exit 0
echo {name} >> '{order}'
"""
_CHECK = """#!/bin/sh
set -- schema "$GITCOORD_REPOSITORY_SCHEMA" api "$GITCOORD_REPOSITORY_API" web "$GITCOORD_REPOSITORY_WEB"
while [ $# -gt 0 ]; do
  echo "$1 $(git -C "$2" rev-parse 'HEAD^{{tree}}')" >> '{seen}'
  if grep -qs {bad} "$2"/task*.txt; then echo "bad work in $1"; exit 1; fi
  shift 2
done
"""


class World:
    """The repositories with the work of level-0 done, on the `local` forge."""

    forge: Forge = "local"

    def __init__(self, template: Services, directory: Path) -> None:
        self.directory = directory
        self.services = self._copied(template)
        self.order = directory / "order"
        """The repositories whose bases were moved by somebody's push, a line each."""
        self.seen = directory / "seen"
        """The trees that the check of all repositories has seen, with their repositories."""
        self._deaths = 0

    def _copied(self, template: Services) -> Services:
        shutil.copytree(template.directory, self.directory, symlinks=True)
        for clone in ("home", *SERVICES):
            config = self.directory / clone / ".git" / "config"
            there, here = template.directory.as_uri(), self.directory.as_uri()
            config.write_text(config.read_text().replace(there, here))
        remotes = {
            name: repo.at(self.directory / "remotes" / f"{name}.git")
            for name, repo in template.remotes.items()
        }
        services = Services(self.directory, remotes, template.env)
        services.heads = dict(template.heads)
        return services

    def remote(self, name: str) -> Repo:
        """The repository that everybody shares."""
        return self.services.remotes[name]

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Runs gitcoord in the home repository."""
        return self.services.run(*arguments, env=env)

    def check_everything(self) -> None:
        """From now on a check sees all repositories side by side, and fails with bad work."""
        script = self.directory / "check.sh"
        _program(script, _CHECK.format(seen=self.seen, bad=BAD))
        settings = self.directory / "home" / "gitcoord.toml"
        settings.write_text(f'[landing]\ncheck = "sh {script}"\n{settings.read_text()}')

    def clash(self, name: str) -> None:
        """Two tasks of a repository conflict with each other."""
        for id in CLASHES[name]:
            branch = f"feature/level-0-task-{id}"
            changes = {"shared.txt": f"{id}\n"}
            self.services.heads[id, name] = self.remote(name).commit(changes, "Clash", branch=branch)

    def arm(self, scenario: Scenario, count: int) -> dict[str, str]:
        """Prepares what goes wrong in a run of `count` writes; returns the environment for it."""
        env: dict[str, str] = {}
        self.watch()
        for hazard in scenario.hazards:
            env |= self._arm(hazard, scenario, 1 + int(scenario.point * count))
        return env

    def _arm(self, hazard: str, scenario: Scenario, nth: int) -> dict[str, str]:
        first, second = scenario.first, scenario.second
        match hazard:
            case "kill":
                return self.kill(nth, scenario)
            case "lost":
                return self.lose(nth)
            case "frozen":
                self.close(first)
            case "freezes":  # once something has landed in the first, the second takes nothing more
                self.on_landing(first, "close", second)
            case "pushes" | "conflicts":  # a person pushes to the second when the first has landed
                path = "person.txt" if hazard == "pushes" else task_file(second)
                self.remote(second).commit({path: "a person\n"}, "By hand", branch="by-hand")
                self.on_landing(first, "push", second)
            case "merges":
                changes = {task_file(first): f"{first}\n"}
                head = self.services.heads[first_task(first), first]  # the branch may be deleted
                self.remote(first).commit(changes, "Merge it by hand", merge=[head])
            case "deletes":
                self.remote(first).git("branch", "-D", first_branch(first), ok=(0, 1))
            case "late":
                self.remote(second).git("branch", "-D", first_branch(second))
            case "breaks":
                changes = {task_file(second): f"{BAD}\n"}
                self.remote(second).commit(changes, "Break it", branch=first_branch(second))
            case _:
                pass
        return {}

    def heal(self, scenario: Scenario) -> None:
        """Nothing goes wrong any more, and the workers do what was missing."""
        self.open_all()
        second = self.remote(scenario.second)
        key = first_task(scenario.second), scenario.second
        if "late" in scenario.hazards:
            second.git("update-ref", f"refs/heads/{first_branch(scenario.second)}", self.services.heads[key])
        if "breaks" in scenario.hazards:
            changes = {task_file(scenario.second): f"{scenario.second}\n"}
            self.services.heads[key] = second.commit(changes, "Mend it", branch=first_branch(scenario.second))

    def kill(self, nth: int, scenario: Scenario) -> dict[str, str]:
        """The next run is killed around its nth write."""
        self._deaths += 1
        place = self.directory / f"deadly-{self._deaths}"
        return deadly_git(place, nth, scenario.when, GIT_WRITES if scenario.git_too else "push")

    def lose(self, nth: int) -> dict[str, str]:
        """The answer to the nth push is lost."""
        place = self.directory / "losing"
        _program(place / "git", _LOST.format(directory=place, git=shutil.which("git"), nth=nth))
        return {"PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}

    def watch(self) -> None:
        """Notes from now on whose base is moved."""
        for name in SERVICES:
            hook = self.remote(name).path / "hooks/post-receive"
            _program(hook, _LANDED.format(name=name, order=self.order))

    def close(self, name: str) -> None:
        """The base of a repository takes nothing more."""
        _program(self.remote(name).path / "hooks/update", _CLOSED)

    def open_all(self) -> None:
        """All bases take everything again."""
        for name in SERVICES:
            (self.remote(name).path / "hooks/update").unlink(missing_ok=True)
            _program(
                self.remote(name).path / "hooks/post-receive", _LANDED.format(name=name, order=self.order)
            )

    def on_landing(self, name: str, deed: str, other: str) -> None:
        """Does something to another repository once the base of this one has moved."""
        path = self.remote(other).path
        closed = _CLOSED.encode("unicode_escape").decode()
        update = f"{path}/hooks/update"
        scripts = {
            "close": f"printf '%b' '{closed}' > '{update}'; chmod +x '{update}'",
            # Without force: what has landed meanwhile is not pushed away.
            "push": f"git --git-dir '{path}' merge-base --is-ancestor main by-hand && "
            f"git --git-dir '{path}' update-ref refs/heads/main refs/heads/by-hand",
        }
        done = self.did(name, deed)
        with (self.remote(name).path / "hooks/post-receive").open("a") as hook:
            hook.write(f"[ -e '{done}' ] || {{ {scripts[deed]}; }} && : > '{done}'\n")

    def did(self, name: str, deed: str) -> Path:
        """The file that is there once `on_landing` has done it."""
        return self.remote(name).path / f"did-{deed}"

    def moved(self) -> list[str]:
        """The repositories in the order in which gitcoord moved their bases."""
        return self.order.read_text().split() if self.order.exists() else []

    def wrong_on_the_forge(self) -> list[str]:
        """What the forge found to be wrong."""
        return []

    def count(self, *, git_too: bool) -> int:
        """The writes of an undisturbed run."""
        place = self.directory / "counting"
        self.services.run(
            "merge-level",
            "0",
            env=deadly_git(place, 0, "after", GIT_WRITES if git_too else "push"),
            ok=0,
        )
        return writes(place)


def make_template(directory: Path, strategy: str) -> Services:
    """Three repositories with the work of level-0 done."""
    services = Services.create(directory, tasks=TASKS, planned=False)
    settings = directory / "home" / "gitcoord.toml"
    table = "".join(f'{name} = "../{name}"\n' for name in ORDER)
    settings.write_text(f"[repositories]\n{table}")
    services.run("plan", "--strategy", strategy, ok=0)
    services.heads = {
        (id, name): services.work(id, {f"task{id}.txt": f"{name}\n"}, at=name)
        for id, where in WORK.items()
        for name in where
    }
    return services


def is_ready(world: World, task: str = LATER) -> bool:
    """Whether a task may begin; without one, that which needs the whole level."""
    return world.run("checkout", task, "--dry-run").code == 0


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
