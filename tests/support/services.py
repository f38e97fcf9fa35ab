"""A plan over several repositories: a home with the list, and services that its tasks work in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.cli import Ran, gitcoord
from tests.support.repos import Content, Repo
from tests.support.tasklists import task, write_tasks

SERVICES = ("schema", "api", "web")
LIST = (
    task(1, repo="schema"),
    task(2, repo="api"),
    task(3, repo="web"),
    task(4, repo="api, web", depends_on=[1, 2]),
)


class Services:
    """`remotes` are the bare repositories that everybody shares, `clones` those beside the home one."""

    def __init__(self, directory: Path, remotes: Mapping[str, Repo], env: Mapping[str, str]) -> None:
        self.directory = directory
        self.remotes = dict(remotes)
        self.home = Repo(directory / "home")
        self.clones = {name: Repo(directory / name) for name in remotes if name != "home"}
        self.env = dict(env)
        self.heads: dict[tuple[str, str], str] = {}
        """The commits of work, by task and repository, for those who keep them."""

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        tasks: Sequence[dict[str, Any]] = LIST,
        strategy: str = "multi-pr",
        settings: str = "",
        urls: Mapping[str, str] | None = None,
        remotes: Mapping[str, Repo] | None = None,
        env: Mapping[str, str] | None = None,
        planned: bool = True,
    ) -> "Services":
        """Remotes with a first commit each, their clones side by side, and a plan over them."""
        given = dict(remotes or {})
        for name in ("home", *SERVICES):
            if name not in given:
                given[name] = Repo.create(directory / "remotes" / f"{name}.git", bare=True)
            given[name].commit({"name.txt": f"{name}\n", "shared.txt": "one\ntwo\n"}, "first commit")
            url = (urls or {}).get(name, given[name].path.as_uri())
            given[name].git("clone", "--quiet", "--", url, str(directory / name))
        made = cls(directory, given, env or {})
        table = "".join(f'{name} = "../{name}"\n' for name in SERVICES)
        (made.home.path / "gitcoord.toml").write_text(f"{settings}\n[repositories]\n{table}")
        write_tasks(made.home.path, tasks)
        if planned:
            made.run("plan", "--strategy", strategy, ok=0)
        return made

    def run(
        self, *arguments: str, at: str = "home", env: Mapping[str, str] | None = None, ok: int | None = None
    ) -> Ran:
        """Runs gitcoord in the clone `at`."""
        return gitcoord(*arguments, cwd=self.directory / at, env={**self.env, **(env or {})}, ok=ok)

    def work(self, id: str, files: Mapping[str, Content], *, at: str, level: int = 0) -> str:
        """Somebody does a task in one repository with plain git, and pushes its branch."""
        return self.remotes[at].commit(files, f"Do task {id}", branch=f"feature/level-{level}-task-{id}")

    def added(self) -> dict[str, list[str]]:
        """The files in the base of each service that tasks have added."""
        return {
            name: [path for path in self.remotes[name].files("main") if path.startswith("task")]
            for name in SERVICES
        }
