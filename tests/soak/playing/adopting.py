"""Playing a scenario in which gitcoord finds branches and pull requests that others have made."""

import time
from collections.abc import Sequence
from typing import Any

from tests.soak.drawing.adopted import LABEL, PATTERN
from tests.soak.drawing.scenario import AdoptedAs, Work
from tests.soak.judging.people import Decision, Words
from tests.soak.playing.client import Ran
from tests.soak.playing.play import Playing
from tests.support.github.model import Pull
from tests.support.github.person import Person


class Adopting(Playing):
    """Everything is one level, which `gitcoord land` is asked for."""

    def _begin(self) -> bool:
        self._clone(None)
        self._outcome.options = "--adopted "
        self._outcome.dimensions += tuple(self._told_apart())
        return True

    def _told_apart(self) -> Sequence[str]:
        scenario = self._scenario
        links = {work.adopted.link for work in scenario.works if work.adopted and work.needs}
        return [
            f"asked by {scenario.asked}",
            f"adopted, {scenario.strategy}",
            *(f"needs by {link}" for link in sorted(links)),
        ]

    def _work(self, level: int) -> None:
        """Everybody does his work, and opens his pull request."""
        works = {work.id: work for work in self._scenario.works}
        opened: dict[str, int] = {}
        for work in self._scenario.works:
            assert work.adopted
            needed = [works[id] for id in work.needs]
            stacked = needed and work.adopted.link != "text"
            self._world.do(work, needed[0].branch if stacked else "main")
            if work.adopted.pull:
                opened[work.id] = self._open(
                    work, work.adopted, needed, [opened.get(id) for id in work.needs]
                )

    def _open(self, work: Work, how: AdoptedAs, needed: Sequence[Work], numbers: Sequence[int | None]) -> int:
        base = needed[0].branch if needed and how.link == "base" else "main"
        title, text = f"Work {work.id} of an agent", f"What the agent of {work.id} did."
        if numbers and how.link == "text":
            text += f"\n\nDepends on #{numbers[0]}."
        number = Person(self._app, "agent").open(work.branch, base, title, text, draft=how.draft)
        pull = self._app.pulls[number]
        pull.labels.append(LABEL)
        record = self._judge.record
        record.words[number] = Words(title, text, time.monotonic())
        if how.draft:
            record.drafts.add(number)
            record.decisions.append(Decision(number, "draft", 0, "", 1, number, 0, (), time.monotonic()))
        return number

    @property
    def _knows_of_all(self) -> bool:  # type: ignore[override]
        """A label finds open pull requests only."""
        return self._scenario.asked != "label"

    def _command(self, level: int) -> tuple[str, ...]:
        start = ("land", "--yes", "--base", "main", "--strategy", self._scenario.strategy)
        match self._scenario.asked:
            case "label":
                return (*start, "--label", LABEL)
            case "branches":
                return (*start, "--branches", PATTERN)
        newest = {
            pull.head: pull
            for pull in sorted(self._app.pulls.values(), key=_worth)
            if pull.fork is None and any(work.branch == pull.head for work in self._scenario.works)
        }
        return (*start, *(str(pull.number) for pull in newest.values()))

    def _has_landed(self, ran: Ran) -> bool:
        """What a label does not find while somebody keeps it closed comes again."""
        waits = not self._knows_of_all and any(one.kind != "draft" for one in self._judge.record.decisions)
        return ran.code == 0 and not waits

    def _answer(self, report: Any) -> None:
        if report["level"] is not None:
            super()._answer(report)

    def _rework(self, deferred: Sequence[Any]) -> None:
        for one in deferred:
            number = one["task"].partition("-")[0]  # adopted a second time, pull request 1 is task 1-2
            branch = next(
                work.branch
                for work in self._scenario.works
                if one["task"].startswith(work.branch.replace("/", "-"))
                or (number.isdecimal() and self._app.pulls[int(number)].head == work.branch)
            )
            self._world.settle(branch)


def _worth(pull: Pull) -> tuple[bool, int]:
    """The open one counts, else the newest."""
    return (pull.state == "open", pull.number)
