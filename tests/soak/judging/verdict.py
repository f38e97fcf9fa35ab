"""What has to hold after every run, and at the end of every scenario."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.soak.drawing.scenario import Scenario
from tests.soak.judging.tokens import Search
from tests.soak.playing.client import Ran
from tests.soak.playing.host import Effects
from tests.soak.playing.world import World
from tests.support.github.emulator import GitHubEmulator, LoggedRequest
from tests.support.github.repository import EmulatedRepository

_MARKER = re.compile(r"<!-- gitcoord[^>]*-->")
_EXIT_CODES = (0, 1, 3, -9)


class Judge:
    """Collects what was not as it has to be; `bytes` counts what was searched for secrets."""

    def __init__(
        self, scenario: Scenario, hub: GitHubEmulator, app: EmulatedRepository, effects: Effects
    ) -> None:
        self.violations: list[str] = []
        self.bytes = 0
        self._scenario = scenario
        self._hub = hub
        self._app = app
        self._effects = effects
        self._runs: list[int] = []
        self._again: int | None = None

    def wrong(self, what: str) -> None:
        """Something is not as it has to be."""
        self.violations.append(f"seed {self._scenario.seed}: {what}")

    def run_begins(self) -> None:
        """Remembers where in the log of requests the next run begins."""
        self._runs.append(len(self._hub.log))

    def run_ended(self, command: str, ran: Ran, secrets: Iterable[str], logs: Path) -> None:
        """One run of a client."""
        said: dict[str, Any] = ran.document if isinstance(ran.document, dict) else {}
        if ran.code not in _EXIT_CODES or (ran.code == 3 and not said.get("message")):
            self.wrong(f"`{command}` ended with {ran.code}: {ran.err.decode(errors='replace')[-600:]}")
            self.violations += [path.read_text()[-1500:] for path in logs.glob("gitcoord-*.log")]
        if b"Traceback" in ran.err + ran.out:
            self.wrong(f"`{command}` printed a traceback")
        if said.get("code") == "tree-differs":
            self.wrong(f"`{command}`: {said['message']}")
        if any(not one["reason"] for one in said.get("waiting", ())):
            self.wrong(f"it waits without saying for what: {said['waiting']}")
        search = Search(secrets)
        search.data(ran.out + ran.err, "what was printed")
        self._count(search)
        with self._app.lock:
            opened = Counter(pull.head for pull in self._app.pulls.values() if pull.state == "open")
        for head, times in opened.items():
            if times > 1:
                self.wrong(f"{times} pull requests are open for {head}")

    def base(self, world: World, levels: int, again: int | None = None) -> None:
        """Each change once, nothing else, and nothing lost that others pushed to a task's branch.

        The level `again` was taken back and has landed a second time.
        """
        self._again = again
        works = [work for work in self._scenario.works if work.level < levels]
        rolled_back = levels < self._scenario.levels
        files, times = world.files(), Counter(world.added())
        wanted = world.by_hand(works)
        more = {path for path in files if path.startswith("more/")}
        got = {path: text for path, text in files.items() if path not in more}
        if got != wanted:
            odd = {path for path in got.keys() | wanted.keys() if got.get(path) != wanted.get(path)}
            self.wrong("not as merged by hand: " + "; ".join(f"{p}: {got.get(p)!r}" for p in sorted(odd)))
        for path in sorted({*wanted, *more}):
            if times[path] not in self._times(path, again):
                self.wrong(f"{path} came into the base {times[path]} times")
        for push in world.pushed:
            in_base = any(push.name in path for path in more)
            if push.task is not None and not in_base and not rolled_back and not world.is_kept(push):
                self.wrong(f"what was pushed to the branch of task {push.task} is lost")

    def _times(self, path: str, again: int | None) -> set[int]:
        """How often a path may have come into the base."""
        if any(path == f"work/{work.id}.txt" for work in self._scenario.works if work.level == again):
            return {2}
        return {1, 2} if again is not None and path.startswith("more/") else {1}

    def _merges(self, number: int) -> int:
        """How often a pull request may have been merged.

        One that a merge has left open carries what is handed in after that landing was taken back.
        """
        pull = self._app.pulls[number]
        again = {work.branch for work in self._scenario.works if work.level == self._again}
        return 2 if pull.broken_off and pull.head in again else 1

    def forge(self) -> None:
        """No second merge, no second comment, and nothing that the host's description does not know."""
        for number, times in self._effects.items():
            if times > self._merges(number):
                self.wrong(f"pull request {number} was merged {times} times")
            if late := self._late_merges(number):
                self.wrong(f"merges of pull request {number} were sent after it had been merged: {late}")
        marked = Counter(
            (comment.number, marker)
            for comment in self._app.comments
            for marker in _MARKER.findall(comment.body)
        )
        for (number, marker), times in marked.items():
            if times > 1:
                self.wrong(f"{times} comments of pull request {number} have the marker {marker}")
        for violation in self._hub.violations:
            self.wrong(f"GitHub's description was broken: {violation}")
        self._hub.violations.clear()

    def secrets(self, secrets: Iterable[str], place: Path, repositories: Iterable[Path]) -> None:
        """No secret in any file or object."""
        search = Search(secrets)
        search.files(place)
        for repository in repositories:
            search.objects(repository)
        self._count(search)

    def _late_merges(self, number: int) -> list[LoggedRequest]:
        """The merges sent in vain that nobody can excuse.

        The request that had the effect is noted once it was answered. Where others merge too, each client may
        have had one on its way; those of later runs had every chance to see that it is merged. Asking
        twice for an asynchronous merge is asking for the one that there is.
        """
        seen = self._effects.seen[number]
        later = [one for one in self._hub.log[seen:] if one.path.endswith(f"/pulls/{number}/merge")]
        later = [one for one in later if one.method == "PUT"]
        if not self._scenario.around.merges_by_others:
            return later if len(later) > 1 else []
        next_run = next((begin for begin in self._runs if begin > seen), len(self._hub.log))
        inexcusable = [one for one in later if one in self._hub.log[next_run:]]
        each = Counter(one.by for one in later)
        return inexcusable or (later if any(times > 2 for times in each.values()) else [])

    def _count(self, search: Search) -> None:
        self.bytes += search.bytes
        for where in search.found:
            self.wrong(f"a token is in {where}")
