"""Doing what people do in the midst of a run: each deed at the request that it waits for."""

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from tests.soak.drawing.deeds import Deed
from tests.soak.drawing.scenario import Push
from tests.soak.judging.people import Decision, Record, Unseen, Words
from tests.soak.playing.world import OTHER_BASE, World
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.exchange import ApiError
from tests.support.github.hands import Hand
from tests.support.github.model import Pull
from tests.support.github.person import Person
from tests.support.github.repository import EmulatedRepository

_PUSHES = 4
_MANY = ("/info/refs", "/compare/")
_NUMBER = re.compile(r"/pulls/(\d+)")


class Deeds:
    """The people of one scenario. `note` is told what they do, `failed` what went wrong with it."""

    def __init__(
        self,
        hub: GitHubEmulator,
        app: EmulatedRepository,
        world: World,
        record: Record,
        *,
        note: Callable[[str], None],
        failed: Callable[[str], None],
    ) -> None:
        self.done: Counter[str] = Counter()
        self._hub = hub
        self._app = app
        self._world = world
        self._record = record
        self._note = note
        self._failed = failed
        self._lisa = Person(app, "lisa")

    def prepare(self, deeds: tuple[Deed, ...]) -> None:
        """Lets everybody wait for his moment."""
        for deed in deeds:
            # Only some of a client's pushes go to a branch that others push to as well, and only some of
            # the branches that it compares with their base are behind.
            many = deed.kind == "push to head" and any(one in deed.request for one in _MANY)
            times = _PUSHES if many else 1
            hand = Hand(deed.request, lambda: None, when=deed.when, nth=deed.nth, times=times, body=deed.body)
            hand.act = self._acting(hand, deed)
            self._hub.hands.add(hand)

    def come_by(self) -> None:
        """Between two runs: what was decided is taken back, as far as it is to be.

        Of a closed pull request nothing else is taken back, as GitHub moves only what is open.
        """
        for decision in sorted(self._record.decisions, key=lambda one: one.kind != "closed"):
            if decision.lasts is None or (decision.kind != "closed" and self._keeps_closed(decision.number)):
                continue
            decision.lasts -= 1
            if decision.lasts <= 0:
                self._record.decisions.remove(decision)
                self._take_back(decision)

    def _keeps_closed(self, number: int) -> bool:
        return any(one.number == number and one.kind == "closed" for one in self._record.decisions)

    def _take_back(self, decision: Decision) -> None:
        number = decision.number
        pull = self._app.pulls[number]
        try:
            if pull.merged and pull.base != "main":
                self._bring_over(pull)
            elif pull.merged:
                return
            elif decision.kind == "closed":
                self._lisa.reopen(number)
            elif decision.kind == "retargeted":
                self._lisa.retarget(number, "main")
            else:
                self._record.drafts.discard(number)
                self._lisa.set_draft(number, False)
            self._note(f"people: #{number} is not {decision.kind} any more")
        except ApiError as error:
            self._note(f"people: #{number} stays {decision.kind}: {error}")
            if decision.kind == "closed" and self._world.scenario.asked is not None and not pull.merged:
                # The branch that it went onto has landed, and is gone: it is opened anew.
                self._bring_over(pull)

    def _bring_over(self, pull: Pull) -> None:
        """What went elsewhere before anybody could tell is wanted on the base, too."""
        if self._app.tip(pull.head) is None:
            self._app.git.create(f"refs/heads/{pull.head}", pull.head_sha)
        number = self._lisa.open(pull.head, "main")
        self._app.pulls[number].labels.extend(pull.labels)

    def _acting(self, hand: Hand, deed: Deed) -> Callable[[], None]:
        def act() -> None:
            try:
                with self._app.lock:
                    said = self._do(deed, hand)
            except ApiError as error:
                self._note(f"people: {deed} at {hand.line}: refused: {error}")
            except Exception as error:
                self._failed(f"{deed} failed: {error!r}")
            else:
                self.done[deed.kind] += bool(said)
                self._note(f"people: {deed} at {hand.line}: {said or 'nothing to do'}")

        return act

    def _do(self, deed: Deed, hand: Hand) -> str:
        """Does it; says what was done, "" when there was nothing to do it to."""
        match deed.kind:
            case "push to base":
                return self._world.push(Push(deed.name, None, deed.slot)) or ""
            case "quote":
                return self._world.quote(deed.name, deed.choice)
            case "fork":
                return self._fork(deed, hand)
            case "push to head" if "/info/refs" in hand.line:
                return self._push_to_all(deed)
        pull = self._pull(deed, hand)
        return "" if pull is None or pull.state != "open" else self._do_to(pull, deed, hand)

    def _do_to(self, pull: Pull, deed: Deed, hand: Hand) -> str:
        number = pull.number
        match deed.kind:
            case "push to head":
                return self._push_to_head(pull, deed, hand)
            case "retarget" | "close":
                return self._decide(pull, deed, hand)
            case "draft":
                self._lisa.set_draft(number, True)
                self._remember(pull, "draft", deed, hand)
            case "edit":
                words = (f"A title by lisa, {deed.name}", f"Words of lisa, {deed.name}.")
                self._lisa.edit(number, title=words[0], body=f"{words[1]}\n\n{pull.body or ''}")
                self._record.words[number] = Words(*words, time.monotonic())
            case "imitate":
                body = f"{self._marker(pull, deed)}\nWords of lisa, {deed.name}."
                self._record.comments[self._lisa.comment(number, body).id] = body
            case "ask":
                self._lisa.start_conversation(number)
            case "merge" | "rival":
                return self._merge(pull, deed, hand)
        return f"#{number}"

    def _marker(self, pull: Pull, deed: Deed) -> str:
        """What gitcoord's comment about a task's deferral begins with."""
        works = self._world.scenario.works
        own = next((work for work in works if work.branch == pull.head), works[deed.choice % len(works)])
        task = str(pull.number) if own.adopted else own.id
        return f"<!-- gitcoord:deferred-{hashlib.sha256(task.encode()).hexdigest()[:12]} -->"

    def _pull(self, deed: Deed, hand: Hand) -> Pull | None:
        named = _NUMBER.search(hand.line)
        if named is not None:
            pull = self._app.pulls.get(int(named[1]))
            return None if pull is None or pull.fork is not None else pull
        found = [pull for pull in self._app.pulls.values() if pull.state == "open" and pull.fork is None]
        if "/compare/" in hand.line:
            return next((pull for pull in found if pull.head_sha in hand.line), None)
        return found[deed.choice % len(found)] if found else None

    def _push_to_head(self, pull: Pull, deed: Deed, hand: Hand) -> str:
        push = self._push_for(pull.head, deed)
        commit = None if push is None else self._push_once_more(push)
        if commit is not None and "/merge" in hand.line and hand.when == "before":
            self._record.unseen.append(Unseen(pull.number, commit, len(self._hub.log)))
        return f"#{pull.number} {commit[:7]}" if commit else ""

    def _push_to_all(self, deed: Deed) -> str:
        """Whichever branch the client is about to push, somebody has just pushed to it."""
        heads = [pull.head for pull in self._app.pulls.values() if pull.state == "open" and pull.fork is None]
        heads = heads[:3] or [work.branch for work in self._world.scenario.works][:3]
        pushes = [self._push_for(head, deed) for head in dict.fromkeys(heads)]
        done = [self._push_once_more(push) for push in pushes if push is not None]
        return " ".join(commit[:7] for commit in done if commit)

    def _push_once_more(self, push: Push) -> str | None:
        """What the same deed has pushed before had another name."""
        return self._world.push(replace(push, name=f"{push.name}-{len(self._world.pushed)}"))

    def _push_for(self, head: str, deed: Deed) -> Push | None:
        """A push to the branch of a task or a level; that of a rollback is left alone."""
        task = next((work.id for work in self._world.scenario.works if work.branch == head), None)
        if task is not None:
            return Push(f"{deed.name}-{task}", task, None)
        return None if "rollback" in head else Push(f"{deed.name}-L", None, None, branch=head)

    def _decide(self, pull: Pull, deed: Deed, hand: Hand) -> str:
        if len(self._hub.postponed) or pull.queued is not None or self._app.async_merges:
            return ""  # what is on its way is on its way
        if deed.kind == "close":
            self._lisa.close(pull.number)
            self._remember(pull, "closed", deed, hand)
        else:
            self._lisa.retarget(pull.number, OTHER_BASE)
            self._remember(pull, "retargeted", deed, hand)
        return f"#{pull.number} of {pull.head}"

    def _remember(self, pull: Pull, kind: str, deed: Deed, hand: Hand) -> None:
        lasts = deed.lasts if kind != "draft" else deed.lasts or 1
        decision = Decision(
            pull.number,
            kind,  # type: ignore[arg-type]
            len(self._hub.log),
            hand.line,
            lasts,
            max(self._app.pulls),
            self._world.moves(pull.head),
            self._held_by(pull) if kind != "draft" else (),
            time.monotonic(),
        )
        self._record.decisions = [
            one for one in self._record.decisions if (one.number, one.kind) != (pull.number, kind)
        ]
        self._record.decisions.append(decision)

    def _held_by(self, pull: Pull) -> tuple[tuple[str, str, int], ...]:
        """The work that a pull request has and the base has not."""
        files, landed = (set(self._world.remote.files(commit)) for commit in (pull.head_sha, "main"))
        works = [work for work in self._world.scenario.works if f"work/{work.id}.txt" in files - landed]
        if any(work.adopted and work.branch == pull.head for work in works):
            works = [work for work in works if work.branch == pull.head]  # what is below has its own
        return tuple((work.id, work.branch, self._world.moves(work.branch)) for work in works)

    def _merge(self, pull: Pull, deed: Deed, hand: Hand) -> str:
        """Merges by hand; a rival client uses the words of the request that has just come in."""
        if pull.base != "main" or pull.broken_off or len(self._hub.postponed) or pull.queued is not None:
            return ""
        words: dict[str, str | None] = {"title": None, "message": None}
        method = self._method(pull, deed)
        if deed.kind == "rival":
            sent = json.loads(hand.sent)
            method = sent.get("merge_method", "merge")
            words = {"title": sent.get("commit_title"), "message": sent.get("commit_message")}
        elif deed.own_words:
            words = {"title": f"Merged by lisa, {deed.name}", "message": ""}
        person = Person(self._app, "mona") if deed.kind == "rival" else self._lisa
        deletes = deed.deletes_head and deed.kind == "merge"
        self._record.merged_by_hand = True
        commit = person.merge(pull.number, method=method, delete_head=deletes, **words)
        self._record.by_hand[pull.number] = commit
        self._record.overruled(set(self._world.remote.files("main")))
        return f"#{pull.number} of {pull.head} by {method} as {commit[:7]}"

    def _method(self, pull: Pull, deed: Deed) -> str:
        """A person sees when a rebase would drop what a merge settled."""
        git, method = self._app.git, deed.method
        base, head = self._app.tip(pull.base), self._app.tip(pull.head)
        if method == "rebase" and base and head:
            rebased = git.rebase(base, head)
            if rebased is None or git.tree_of(rebased) != git.merge_tree(base, head):
                return "merge"
        return method

    def _fork(self, deed: Deed, hand: Hand) -> str:
        """A stranger opens a pull request from a fork that uses the same branch name."""
        heads = [work.branch for work in self._world.scenario.works]
        head = heads[deed.choice % len(heads)]
        if hand.line.startswith("POST"):
            head = json.loads(hand.sent)["head"]
        title = f"Foreign {deed.name}"
        commit = self._world.commit_elsewhere(deed.name)
        number = Person(self._app, "stranger").open_from_fork(head, "main", commit, title)
        self._record.forks[number] = title
        return f"#{number} from stranger:{head}"
