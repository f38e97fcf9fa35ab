"""What people did while clients were at work, and what has to be left of it after every run."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.soak.drawing.scenario import OWNED
from tests.soak.playing.host import Effects
from tests.support.github.emulator import GitHubEmulator, LoggedRequest
from tests.support.github.model import Pull
from tests.support.github.repository import EmulatedRepository

_REFUSED = (404, 405, 409, 422)
"""Statuses of merges that were not made."""


@dataclass
class Decision:
    """A person's no about a pull request; `at` is how many requests there had been, `line` where it came.

    `lasts`: after how many more runs it is taken back; None: never. `number_after` is the last pull request
    that there was, `moves` how often others had moved its head; `held` the work that it had and the base had
    not: each task with its branch, and how often others had moved that. `time` is the monotonic clock.
    """

    number: int
    kind: Literal["closed", "retargeted", "draft"]
    at: int
    line: str
    lasts: int | None
    number_after: int
    moves: int
    held: tuple[tuple[str, str, int], ...] = ()
    time: float = 0.0


@dataclass(frozen=True)
class Words:
    """What a person wrote into a pull request, and the monotonic clock then."""

    title: str
    text: str
    time: float


@dataclass(frozen=True)
class Unseen:
    """A commit that was pushed to a head at the very moment when its merge was asked for."""

    number: int
    commit: str
    at: int


class Record:
    """Everything that people did in a scenario and that has to be respected."""

    def __init__(self, hub: GitHubEmulator, app: EmulatedRepository, effects: Effects, base: str) -> None:
        self.decisions: list[Decision] = []
        self.words: dict[int, Words] = {}
        self.comments: dict[int, str] = {}
        self.forks: dict[int, str] = {}
        self.drafts: set[int] = set()
        """Pull requests that their owners opened as drafts, and have not called ready since."""
        self.unseen: list[Unseen] = []
        self.by_hand: dict[int, str] = {}
        """The pull requests that people merged, each with the commit that it gave."""
        self.merged_by_hand = False
        """Whether a person has merged something since the last run had begun."""
        self._hub = hub
        self._app = app
        self._effects = effects
        self._base = base

    def overruled(self, files: Collection[str]) -> None:
        """A person has merged: no decision about the work that came along counts any more."""
        self.decisions = [
            one
            for one in self.decisions
            if not one.held or not all(f"work/{task}.txt" in files for task, _, _ in one.held)
        ]

    def is_final(self, moves: Callable[[str], int], files: Collection[str]) -> bool:
        """Whether something that somebody decided for good keeps work from landing in the base of `files`."""
        final = (one for one in self.decisions if one.lasts is None and not self._landed(one))
        return any(self._keeps(one, moves, files) for one in final)

    def _keeps(self, decision: Decision, moves: Callable[[str], int], files: Collection[str]) -> bool:
        """Whether it still holds: what others pushed since to one task's branch frees that task alone.

        What is pushed to the head of a pull request that is open onto another base goes there, too.
        """
        pull = self._app.pulls[decision.number]
        elsewhere = pull.state == "open" and pull.base != self._base
        if not decision.held:
            return elsewhere or moves(pull.head) == decision.moves
        return any(
            (elsewhere or moves(branch) == times) and f"work/{task}.txt" not in files
            for task, branch, times in decision.held
        )

    def wrongs(
        self, moves: Callable[[str], int], files: Collection[str], *, others_merge: bool, broken_off: bool
    ) -> Iterator[str]:
        """What was not respected, where the base has `files` and others have moved branches so often.

        `broken_off`: a client did not get to its end.
        """
        with self._app.lock:
            for decision in self.decisions:
                yield from self._of_decision(decision, moves, broken_off=broken_off)
                yield from self._landed_all_the_same(decision, moves, files)
            for number, words in self.words.items():
                pull, blind = self._app.pulls[number], self._unseen("PATCH", f"/pulls/{number}", words.time)
                if (pull.title != words.title or words.text not in (pull.body or "")) and not blind:
                    yield f"a person's words of pull request {number} are gone: {pull.title!r}, {pull.body!r}"
            for comment in self._app.comments:
                if self.comments.get(comment.id, comment.body) != comment.body:
                    yield f"a person's comment on pull request {comment.number} was changed: {comment.body!r}"
            for number, title in self.forks.items():
                yield from self._of_fork(self._app.pulls[number], title)
            for number in self.drafts:
                if not self._app.pulls[number].draft:
                    yield f"pull request {number} was called ready, though its owner works on it"
            if not others_merge:
                yield from self._merged_unseen()

    def _of_decision(
        self, decision: Decision, moves: Callable[[str], int], *, broken_off: bool
    ) -> Iterator[str]:
        pull = self._app.pulls[decision.number]
        elsewhere = {
            one.base
            for one in self._effects.made
            if one.number == pull.number and one.base != self._base and one.time > decision.time
        }
        if elsewhere and not self._was_on_its_way(decision):
            yield (
                f"pull request {pull.number} was merged into {', '.join(elsewhere)} "
                "after somebody had moved it there"
            )
        if decision.kind == "draft" or self._landed(decision) or moves(pull.head) != decision.moves:
            return  # what others pushed since may be handed in anew
        twins = [
            one
            for one in self._app.pulls.values()
            if one.number > decision.number_after and one.head == pull.head and one.fork is None
        ]
        unseen = len(twins) <= len(self._unseen("POST", "/pulls", decision.time))
        if twins and not (unseen and (broken_off or all(twin.state == "closed" for twin in twins))):
            yield (
                f"pull request {decision.number} of {pull.head} was {decision.kind} by a person, "
                f"and {[twin.number for twin in twins]} opened in its place"
            )

    def _blind(self, method: str, paths: tuple[str, ...], since: float, pull: str) -> list[LoggedRequest]:
        """Writes after `since` of clients that had not looked at `pull`, or at all of them, in between.

        GitHub has no condition for them: such a client cannot know what a person did meanwhile.
        """
        log = [one for one in self._hub.log if one.served > since]
        looks = [one for one in log if one.method == "GET" and one.path.endswith(("/pulls", pull))]
        return [
            one
            for one in log
            if one.method == method
            and one.path.endswith(paths)
            and not any(_client(look) == _client(one) and look.served < one.served for look in looks)
        ]

    def _unseen(self, method: str, path: str, since: float) -> list[LoggedRequest]:
        """The same of writes to what was to be looked at."""
        return self._blind(method, (path,), since, path)

    def _was_on_its_way(self, decision: Decision) -> bool:
        """Whether the merge had been sent when the decision was made, or its client had not looked since.

        GitHub has no guard for the base.
        """
        if "/merge" in decision.line and not self._looked(decision.number, decision.at):
            return True
        pull = f"/pulls/{decision.number}"
        sent = self._blind("PUT", (f"{pull}/merge", f"{pull}/merge-async"), decision.time, pull)
        return any(one.status not in _REFUSED for one in sent)

    def _merged_unseen(self) -> Iterator[str]:
        for one in self.unseen:
            pull = self._app.pulls[one.number]
            if not pull.merged or pull.head_sha != one.commit:
                continue
            # A person merges what he sees.
            by_hand = pull.merge_commit == self.by_hand.get(one.number)
            if not by_hand and not self._looked(one.number, one.at):
                yield (
                    f"pull request {one.number} was merged with {one.commit}, which came after its last look"
                )

    def _landed_all_the_same(
        self, decision: Decision, moves: Callable[[str], int], files: Collection[str]
    ) -> Iterator[str]:
        """Work that came into the base another way, unless a person merged something by hand."""
        if decision.kind == "draft" or self.merged_by_hand:
            return
        for task, branch, times in decision.held:
            if self._came_with_others(decision, branch):
                continue
            if f"work/{task}.txt" in files and moves(branch) == times and not self._landed(decision):
                yield f"task {task} has landed, though a person had {decision.kind} its pull request"

    def _came_with_others(self, decision: Decision, branch: str) -> bool:
        """Whether another pull request that held the work was merged without a look at this one."""
        if not branch.startswith(OWNED):
            return False
        return bool(
            self._blind("PUT", ("/merge", "/merge-async"), decision.time, f"/pulls/{decision.number}")
        )

    def _looked(self, number: int, since: int) -> bool:
        """Whether any client looked at a pull request, or fetched, between `since` and its merge."""
        seen = self._effects.seen.get(number, len(self._hub.log))
        return any(
            (one.method == "GET" and one.path.endswith(("/pulls", f"/pulls/{number}")))
            or one.path.endswith("/git-upload-pack")
            for one in self._hub.log[since:seen]
            if one.status in (200, 304)
        )

    def _of_fork(self, pull: Pull, title: str) -> Iterator[str]:
        said = [comment for comment in self._app.comments if comment.number == pull.number]
        if pull.state != "open" or pull.title != title or said or pull.labels:
            yield f"pull request {pull.number} of a fork was touched: {pull.state}, {pull.title!r}, {said}"

    def _landed(self, decision: Decision) -> bool:
        pull = self._app.pulls[decision.number]
        return pull.merged and pull.base == self._base


def _client(request: LoggedRequest) -> str:
    """Whose request it is: an App gets new tokens in mid-run, any other client keeps its own."""
    kind, _, token = request.by.partition(" ")
    return kind if kind == "installation" else token
