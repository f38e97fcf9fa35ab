"""The repositories of a scenario on the emulated GitHub, where every write is a request."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.soak_repositories.scenario import Forge, Scenario
from tests.soak_repositories.world import World
from tests.support.cli import Ran, fork_gitcoord
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.faults import WRITES, kill_group
from tests.support.github.limits import PrimaryLimit
from tests.support.github.model import Protection
from tests.support.repos import Repo
from tests.support.services import SERVICES, Services


class HubWorld(World):
    """See World; killed is the whole machine, with everything that runs there."""

    forge: Forge = "github"

    def __init__(self, template: Services, directory: Path, hub: GitHubEmulator) -> None:
        self.hub = hub
        self._owner = directory.name
        self._pid: int | None = None
        hub.faults.clear()
        hub.hands.clear()
        hub.log.clear()
        hub.limit = PrimaryLimit()  # many scenarios in an hour take more requests than one user may send
        super().__init__(template, directory)

    def _copied(self, template: Services) -> Services:
        services = super()._copied(template)
        services.env |= self.hub.environment()
        for name, local in services.remotes.items():
            made = self.hub.make_repository(f"{self._owner}/{name}")
            remote = local.at(made.git_dir)
            remote.git("fetch", "--quiet", str(local.path), "+refs/*:refs/*")
            Repo(self.directory / name).git("remote", "set-url", "origin", made.authenticated_url)
            services.remotes[name] = remote
        return services

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """See World."""
        fork = fork_gitcoord(
            *arguments, cwd=self.directory / "home", env={**self.services.env, **(env or {})}
        )
        self._pid = fork.pid
        code, out, err = fork.end()
        self._pid = None
        return Ran(code, os.fsdecode(out), os.fsdecode(err))

    def kill(self, nth: int, scenario: Scenario) -> dict[str, str]:
        """See World."""
        self.hub.fault(WRITES, "kill", nth=nth, when=scenario.when, kill=self._kill)
        return {}

    def _kill(self) -> None:
        if self._pid is not None:
            kill_group(self._pid)

    def lose(self, nth: int) -> dict[str, str]:
        """See World."""
        self.hub.fault(WRITES, "reset", nth=nth, when="after")
        return {}

    def watch(self) -> None:
        """See World: the emulator keeps a log."""

    def close(self, name: str) -> None:
        """See World: a check that nobody reports is required."""
        repository = self.hub.repository(f"{self._owner}/{name}")
        with repository.lock:
            repository.protect("main", Protection.requiring("ci"))

    def open_all(self) -> None:
        """See World."""
        self.hub.faults.clear()
        self.hub.hands.clear()
        for name in SERVICES:
            self.hub.repository(f"{self._owner}/{name}").unprotect("main")

    def on_landing(self, name: str, deed: str, other: str) -> None:
        """See World."""

        def push() -> None:
            # Without force: what has landed meanwhile is not pushed away.
            base = self.remote(other).git("merge-base", "main", "by-hand")
            if base == self.remote(other).git("rev-parse", "main"):
                self.remote(other).git("update-ref", "refs/heads/main", "refs/heads/by-hand")
                self.did(name, deed).touch()

        acts: dict[str, Callable[[], None]] = {"close": lambda: self.close(other), "push": push}
        act = acts[deed]

        self.hub.when(rf"^PUT /repos/{self._owner}/{name}/pulls/\d+/merge", act, when="after")

    def moved(self) -> list[str]:
        """See World."""
        merges = self.hub.requests(rf"^PUT /repos/{self._owner}/\w+/pulls/\d+/merge")
        return [one.path.split("/")[3] for one in merges if one.status in (200, None)]

    def wrong_on_the_forge(self) -> list[str]:
        """See World."""
        try:
            self.hub.assert_clean()
        except AssertionError as error:
            self.hub.violations.clear()
            return [str(error)]
        return []

    def count(self, *, git_too: bool) -> int:
        """See World."""
        self.services.run("merge-level", "0", ok=0)
        return len(self.hub.requests(WRITES))
