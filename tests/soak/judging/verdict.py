"""What has to hold after every run, and at the end of every scenario."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.soak.drawing.scenario import Scenario, Work
from tests.soak.judging.people import Record
from tests.soak.judging.tokens import Search
from tests.soak.playing.client import Ran
from tests.soak.playing.host import Effects
from tests.soak.playing.world import World, own_files
from tests.support.github.emulator import GitHubEmulator, LoggedRequest
from tests.support.github.repository import EmulatedRepository

_MARKER = re.compile(r"<!-- gitcoord[^>]*-->")
_ONCE = ("/merge", "/merge-async", "/pulls", "/comments")
_EXIT_CODES = (0, 1, 3, -9)


def merges_crossed(log: Sequence[LoggedRequest], number: int) -> bool:
    """Whether two clients sent one merge each, and the second one had not fetched since the first was sent.

    The forge still shows the pull request as open then: only git could have told.
    """
    sent = [
        (place, one)
        for place, one in enumerate(log)
        if one.method == "PUT" and one.path.endswith(f"/pulls/{number}/merge")
    ]
    if len(sent) != 2 or sent[0][1].by == sent[1][1].by:
        return False
    (first, _), (second, late) = sent
    return not any(one.by == late.by and one.path.endswith("upload-pack") for one in log[first:second])


def _is_recorded(world: World, commit: str) -> bool:
    """Whether the journal has the landing, or by its head the rollback, that `commit` made."""
    said = world.remote.git("log", "--glob=refs/gitcoord/*", "--format=%s")
    heads = world.remote.git("show", "--no-patch", "--format=%P", commit).split()[1:]
    rolled_back = [line for line in said.splitlines() if " rolled back" in line]
    return f" as {commit[:12]}" in said or any(f" as {head[:12]}" in "\n".join(rolled_back) for head in heads)


class Judge:
    """Collects what was not as it has to be; `bytes` counts what was searched for secrets."""

    def __init__(
        self, scenario: Scenario, hub: GitHubEmulator, app: EmulatedRepository, effects: Effects
    ) -> None:
        self.violations: list[str] = []
        self._said: set[str] = set()
        self._spoiled = 0
        self.bytes = 0
        self._scenario = scenario
        self._hub = hub
        self._app = app
        self._effects = effects
        self.record = Record(hub, app, effects, "main")
        self._runs: list[int] = []
        self._ends: list[tuple[int, str]] = []
        self._again: frozenset[str] = frozenset()
        self._unowned: set[str] = set()

    def wrong(self, what: str) -> None:
        """Something is not as it has to be."""
        self.violations.append(f"seed {self._scenario.seed}: {what}")

    def run_begins(self) -> None:
        """Remembers where in the log of requests the next run begins."""
        self._runs.append(len(self._hub.log))
        self._ends.clear()
        self.record.merged_by_hand = False

    def run_ended(self, command: str, ran: Ran, secrets: Iterable[str], logs: Path) -> None:
        """One run of a client."""
        said: dict[str, Any] = ran.document if isinstance(ran.document, dict) else {}
        if ran.code not in _EXIT_CODES or (ran.code == 3 and not said.get("message")):
            self.wrong(f"`{command}` ended with {ran.code}: {ran.err.decode(errors='replace')[-600:]}")
            self.violations += [path.read_text()[-1500:] for path in logs.glob("gitcoord-*.log")]
        if b"Traceback" in ran.err + ran.out:
            self.wrong(f"`{command}` printed a traceback")
        self._ends.append((ran.code, str(said.get("code", ""))))
        if said.get("code") == "tree-differs" and not self._app.spoiled:
            self.wrong(f"`{command}`: {said['message']}")
        # A rollback reverts what people pushed to a level branch, too, and names it: no task restores it.
        self._unowned |= {path for one in said.get("unowned", ()) for path in one["paths"]}
        if any(not one["reason"] for one in said.get("waiting", ())):
            self.wrong(f"it waits without saying for what: {said['waiting']}")
        search = Search(secrets)
        search.data(ran.out + ran.err, "what was printed")
        self._count(search)
        with self._app.lock:
            pulls = [pull for pull in self._app.pulls.values() if pull.fork is None]
            opened = Counter((pull.head, pull.base) for pull in pulls if pull.state == "open")
        for (head, onto), times in opened.items():
            if times > 1:
                self.wrong(f"{times} pull requests are open for {head} onto {onto}")

    def all_ended(self, world: World) -> None:
        """A run of every client that was at work: what people did meanwhile has been respected."""
        others_merge, files = self._scenario.around.merges_by_others, set(world.remote.files("main"))
        broken_off = any(code not in (0, 1) for code, _ in self._ends)
        for wrong in self.record.wrongs(world.moves, files, others_merge=others_merge, broken_off=broken_off):
            if wrong not in self._said:
                self._said.add(wrong)
                self.wrong(wrong)
        again = [line for line in self._hub.postponed.repeated if "/merge" in line]
        self._hub.postponed.repeated.clear()
        if again and not others_merge:
            self.wrong(f"a merge was sent again while the first one may still have been at work: {again}")
        for line in _sent_at_once_again(self._hub.log[self._runs[-1] :]):
            self.wrong(f"a write without an answer was sent again without a look in between: {line}")
        self._mistakes(world)

    @property
    def awaits_notice(self) -> bool:
        """Whether the host merged something else, and no client has seen that landing yet."""
        return len(self._app.spoiled) > self._spoiled

    def _mistakes(self, world: World) -> None:
        """Whoever records a landing that the host made wrong says so, unless something ended it before."""
        if not self.awaits_notice:
            return
        noticed = any(said == "tree-differs" for _, said in self._ends)
        recorded = any(_is_recorded(world, commit) for _, commit in self._app.spoiled[self._spoiled :])
        if recorded and not noticed and {code for code, _ in self._ends} <= {0, 1}:
            self.wrong(f"nobody noticed that the host merged something else: {self._app.spoiled}")
        if recorded or noticed:
            self._spoiled = len(self._app.spoiled)

    def partly(self, world: World) -> None:
        """The base where people keep some work from landing: what is in it came once, all the rest not."""
        files = set(world.files())
        works = [work for work in self._scenario.works if f"work/{work.id}.txt" in files]
        self.base(world, works)

    def base(self, world: World, works: Sequence[Work], again: Collection[Work] = ()) -> None:
        """Each change of `works` once, nothing else, and nothing lost that others pushed to a branch.

        What `again` did was taken back and has landed a second time.
        """
        self._again |= {work.id for work in again}
        rolled_back = len(works) < len(self._scenario.works)
        files, times = world.files(), Counter(world.added())
        wanted = world.by_hand(works)
        more = {path for path in files if path.startswith("more/")}
        got = {path: text for path, text in files.items() if path not in more}
        if got != wanted:
            odd = {path for path in got.keys() | wanted.keys() if got.get(path) != wanted.get(path)}
            self.wrong("not as merged by hand: " + "; ".join(f"{p}: {got.get(p)!r}" for p in sorted(odd)))
        for path in sorted({*wanted, *more}):
            if times[path] not in self._times(path):
                self.wrong(f"{path} came into the base {times[path]} times")
        for push in world.pushed:
            in_base = any(path.endswith(f"-{push.name}.txt") for path in more | self._unowned)
            if not push.is_to_base and not in_base and not rolled_back and not world.is_kept(push):
                self.wrong(f"what was pushed to {push.branch or f'the branch of task {push.task}'} is lost")

    def _times(self, path: str) -> set[int]:
        """How often a path may have come into the base."""
        if any(path in own_files(work) for work in self._scenario.works if work.id in self._again):
            return {2}
        return {1, 2} if self._again and path.startswith("more/") else {1}

    def _merges(self, number: int) -> int:
        """How often a pull request may have been merged into one base.

        What went into another base, where somebody had moved it, is judged by what its client had seen. One
        that a merge has left open carries what is handed in after that landing was taken back, and a second
        client may have had its own merge on the way.
        """
        pull = self._app.pulls[number]
        crossed = pull.broken_off and merges_crossed(self._hub.log, number)
        if pull.broken_off and self._scenario.asked is not None:
            # What is pushed to an adopted head after it has landed is work to land as well.
            return len({one.head for one in self._effects.made if one.number == number}) + crossed
        again = {work.branch for work in self._scenario.works if work.id in self._again}
        return 2 if crossed or (pull.broken_off and pull.head in again) else 1

    def forge(self) -> None:
        """No second merge, no second comment, and nothing that the host's description does not know."""
        each = Counter((one.number, one.base) for one in self._effects.made)
        for (number, base), times in each.items():
            if times > self._merges(number):
                self.wrong(f"pull request {number} was merged {times} times into {base}")
        for number in self._effects:
            if late := self._late_merges(number):
                self.wrong(f"merges of pull request {number} were sent after it had been merged: {late}")
        marked = Counter(
            (comment.number, marker, comment.author)
            for comment in self._app.comments
            if comment.id not in self.record.comments
            for marker in _MARKER.findall(comment.body)
        )
        for (number, marker, author), times in marked.items():
            if times > 1:
                self.wrong(f"{times} comments of {author} on pull request {number} have the marker {marker}")
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


def _sent_at_once_again(log: Sequence[LoggedRequest]) -> Iterator[str]:
    """Writes that are not the same when they are made twice, and that were after their answer was lost."""
    last: dict[str, LoggedRequest] = {}
    for one in log:
        before = last.get(one.by)
        if (
            before is not None
            and (before.method, before.path) == (one.method, one.path)
            and (before.status is None or before.status >= 500)
            and one.method in ("PUT", "POST")
            and one.path.endswith(_ONCE)
        ):
            yield f"{one.method} {one.path}"
        last[one.by] = one
