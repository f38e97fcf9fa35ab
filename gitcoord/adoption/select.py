"""Selects the heads that can land from the requested ones: finds their dependencies, excludes the rest."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from gitcoord.adoption.candidates import (
    HeadCandidate,
    asked_branches,
    asked_pulls,
    branch_candidates,
    own_title,
    pull_candidates,
)
from gitcoord.adoption.dropped_needs import built_on_closed, built_on_dropped
from gitcoord.adoption.model import Adoption, AdoptionRequest, ExcludedHead, KnownHead
from gitcoord.adoption.needs import named_pulls, stacks
from gitcoord.errors import GitcoordError
from gitcoord.evidence.proof_by_content import holds
from gitcoord.forge.pull_requests import Forge, Pull
from gitcoord.git.base_branch import find_base
from gitcoord.git.git_cli import Oid
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.planning.adopted import AdoptedHead
from gitcoord.tasks.cycles import cyclic_components
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import some


def select_heads(
    repository: Repository,
    shared: SharedRefs,
    forge: Forge,
    request: AdoptionRequest,
    *,
    base: str | None,
    known: Callable[[str], Mapping[str, KnownHead]],
) -> Adoption:
    """Selects the requested heads at their current commits. Changes only the fetched refs.

    The base is that of the request, else `base` from the settings, else the common base of the pull requests,
    else the default branch. `known` returns the branches that were adopted onto a base before: they stay in
    the selection until their landing is recorded, even if their pull request was merged. Raises
    `no-such-pull`, `no-pull`, `no-such-base`, `unknown-base`.
    """
    shared.refresh()
    pulls = asked_pulls(forge, request)
    onto = find_base(shared, request.base or base or _common_base(pulls.values()))
    names = asked_branches(repository, shared, request, onto)
    found = forge.find_pulls(names, onto) if names else {}
    opened = {name: one.current for name, one in found.items() if one.current and one.current.state == "open"}
    pulls |= {pull.number: pull for pull in opened.values()}
    forks = {pull.head: f"refs/pull/{pull.number}/head" for pull in pulls.values() if ":" in pull.head}
    if forks:
        shared.add_pulled(forks)
        shared.refresh()
    return _Selection(repository, shared, forge, onto, pulls, known(onto)).adoption(
        names, opened, by_number=bool(request.pulls)
    )


def _common_base(pulls: Collection[Pull]) -> str | None:
    """Returns the common base of open pull requests, except for stacked ones; None if there are several."""
    heads = {pull.head for pull in pulls}
    bases = {pull.base for pull in pulls if pull.state == "open"} - heads
    return bases.pop() if len(bases) == 1 else None


class _Selection:
    """One selection of the requested heads."""

    def __init__(
        self,
        repository: Repository,
        shared: SharedRefs,
        forge: Forge,
        base: str,
        pulls: Mapping[int, Pull],
        known: Mapping[str, KnownHead],
    ) -> None:
        self._repository = repository
        self._git = repository.git
        self._shared = shared
        self._forge = forge
        self._base = base
        self._base_commit = shared.branch(base) or ""
        self._pulls = pulls
        self._known = known
        self._ancestry = repository.ancestry
        self._heads: dict[str, HeadCandidate] = {}
        self._excluded: list[ExcludedHead] = []
        self._closed: dict[int, Pull] = {}
        self._settled: set[str] = set()
        self._spent: set[str] = set()

    def adoption(self, names: list[str], opened: Mapping[str, Pull], *, by_number: bool) -> Adoption:
        """Returns the heads with their dependencies, and the excluded heads.

        `by_number`: the request has numbers of pull requests.
        """
        self._closed = {n: pull for n, pull in self._pulls.items() if pull.state == "closed"}
        inside = {n: pull for n, pull in self._closed.items() if self._has_work_of(pull)}
        self._closed = {n: pull for n, pull in self._closed.items() if n not in inside}
        found = [
            *branch_candidates(self._repository, self._shared, names, opened),
            *pull_candidates(
                self._shared, {n: p for n, p in self._pulls.items() if p.head not in names}, inside
            ),
        ]
        for one in found:
            if isinstance(one, ExcludedHead):
                self._excluded.append(one)
            else:
                self._heads[one.branch] = one
        self._settled |= {pull.head for pull in inside.values()} - self._heads.keys()
        self._exclude_settled()
        self._exclude_duplicates()
        self._exclude_dropped(by_number)
        needs = self._find_needs()
        order = sorted(
            self._heads.values(), key=lambda one: (one.pull.number if one.pull else 1 << 62, one.branch)
        )
        return Adoption(
            base=self._base,
            base_commit=self._base_commit,
            heads=tuple(self._adopted(one, needs[one.branch]) for one in order),
            excluded=tuple(self._excluded),
            pushes=tuple(one.push for one in order if one.push is not None),
            spent=frozenset(self._spent),
        )

    def _exclude(self, branch: str, reason: str, *, settled: bool = False) -> None:
        name = self._heads.pop(branch).name
        self._excluded.append(ExcludedHead(name=name, reason=reason, settled=settled))
        if settled:
            self._settled.add(branch)

    def _exclude_settled(self) -> None:
        """Excludes heads with a merged pull request, and those whose commits or content the base has."""
        heads = [one for one in self._heads.values() if not self._is_at_work(one.branch)]
        merged = [one.branch for one in heads if one.pull is not None and one.pull.state == "merged"]
        elsewhere = {
            one.branch: one.pull.base
            for one in heads
            if one.pull is not None and one.pull.state == "merged" and one.pull.base != self._base
        }
        rest = [one for one in heads if one.branch not in merged or one.branch in elsewhere]
        inside = self._ancestry.contained(self._base_commit, {one.commit for one in rest})
        pairs = [(self._base_commit, one.commit) for one in rest]
        held = holds(self._git, pairs) if pairs else []
        for branch in merged:
            if branch not in elsewhere:
                self._exclude(branch, "it is already merged", settled=True)
        for one, has in zip(rest, held, strict=True):
            if has or one.commit in inside:
                self._exclude(one.branch, f"{self._base} already has all of its changes", settled=True)
            elif landing := self._landing_of(one.branch, one.commit):
                self._exclude(one.branch, f"it has landed as {landing[:12]}", settled=True)
            elif one.branch in elsewhere:
                reason, settled = self._merged_elsewhere(one, elsewhere[one.branch])
                self._exclude(one.branch, reason, settled=settled)

    def _landing_of(self, branch: str, commit: Oid) -> Oid | None:
        """Returns the commit that landed this commit of a head; the base may have changed it since."""
        known = self._known.get(branch)
        for head, at in known.landings if known is not None else ():
            if self._ancestry.contains(head, commit) and self._ancestry.contains(self._base_commit, at):
                return at
        return None

    def _has_work_of(self, pull: Pull) -> bool:
        """Whether the base has the work of a closed pull request.

        GitHub itself closes a pull request that has nothing new for the base, or whose branch was deleted.
        """
        inside = self._ancestry.contains(self._base_commit, pull.head_commit)
        return inside or self._landing_of(pull.head, pull.head_commit) is not None

    def _has_landed(self, branch: str) -> bool:
        return branch in self._known and self._known[branch].landed

    def _is_at_work(self, branch: str) -> bool:
        """Whether the branch was adopted before and has not landed: the landing then looks for evidence."""
        return branch in self._known and not self._known[branch].landed

    def _merged_elsewhere(self, one: HeadCandidate, onto: str) -> tuple[str, bool]:
        """Returns why a head does not land by itself, and whether it lands with another head."""
        other = self._heads.get(onto)
        if other is not None and holds(self._git, [(other.commit, one.commit)])[0]:
            return f"it is already merged into {onto}, and lands with {onto}", True
        reason = (
            f"it was merged into {onto}, not {self._base}; to land it there too, open a pull request "
            f"from {one.branch} onto {self._base}"
        )
        return reason, False

    def _exclude_dropped(self, by_number: bool) -> None:
        """Excludes heads with commits of pull requests that people closed or no longer request."""
        closed = list(self._closed.values())
        found = (
            dict(built_on_closed(self._repository, self._base_commit, self._heads, closed)) if closed else {}
        )
        if not by_number:
            base, tips = (self._base, self._base_commit), self._shared.branches()
            more = built_on_dropped(self._repository, self._forge, base, self._heads, self._known, tips)
            found = {**dict(more), **found}
        for branch, reason in found.items():
            self._exclude(branch, reason)

    def _exclude_duplicates(self) -> None:
        """Excludes heads at the same commit as an earlier head."""
        first: dict[Oid, str] = {}
        for branch, one in list(self._heads.items()):
            before = first.setdefault(one.commit, branch)
            if before != branch:
                self._exclude(branch, f"it is at the same commit as {before}")

    def _find_needs(self) -> dict[str, list[str]]:
        """Returns the dependencies of each head. Excludes cycles and heads whose dependencies do not land."""
        stacked = stacks(self._repository, self._base_commit, self._heads, self._known)
        asked = {pull.head for pull in self._pulls.values()} | set(self._heads)
        needs = {branch: dict[str, str]() for branch in self._heads}
        for branch, one in list(self._heads.items()):
            needs[branch] |= dict.fromkeys(stacked[branch], "") | dict(self._said_needs(one.pull))
            unasked = [why for need, why in needs[branch].items() if need not in asked]
            if unasked:
                self._exclude(branch, unasked[0])
        self._exclude_cycles(needs)
        while unmet := list(self._unmet(needs)):
            for branch, need in unmet:
                self._exclude(branch, f"it needs {need}, which does not land now")
        return {branch: [need for need in needs[branch] if need in self._heads] for branch in self._heads}

    def _exclude_cycles(self, needs: Mapping[str, Collection[str]]) -> None:
        graph = {TaskId(branch): tuple(map(TaskId, needs[branch])) for branch in self._heads}
        for component in cyclic_components(graph):
            names = {branch: self._heads[branch].name for branch in component}
            for branch in component:
                others = some([name for other, name in names.items() if other != branch])
                self._exclude(branch, f"it and {others} depend on each other")

    def _unmet(self, needs: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
        for branch in self._heads:
            missing = (n for n in needs[branch] if n not in self._heads and n not in self._settled)
            if (need := next(missing, None)) is not None:
                yield branch, need

    def _said_needs(self, pull: Pull | None) -> list[tuple[str, str]]:
        """Returns the unlanded branches that the base or text of `pull` names, with reasons to exclude it."""
        if pull is None or pull.state != "open":
            return []
        found = []
        if pull.base not in (self._base, *self._heads) and self._is_spent(pull.base):
            self._spent.add(pull.base)
        elif pull.base != self._base:
            why = f"its base is {pull.base}, not {self._base}: land {pull.base} first, or change the base"
            found.append((pull.base, why))
        for number in named_pulls(pull):
            other = self._pulls.get(number) or self._read(number)
            if other is None or other.state == "merged" or other.number == pull.number:
                continue
            if other.state == "closed" and other.head not in self._heads:
                if self._has_work_of(other):
                    continue
                found.append((f"#{number}", f"it depends on pull request {number}, which is closed"))
            else:
                why = f"it depends on pull request {number}, which is open but was not requested"
                found.append((other.head, why))
        return found

    def _is_spent(self, branch: str) -> bool:
        """Whether the branch has landed, or people have merged it and it has no newer commits."""
        if branch in self._settled or self._has_landed(branch):
            return True
        found = self._forge.find_pulls([branch], self._base).get(branch)
        pull, tip = found.current if found is not None else None, self._shared.branch(branch)
        return pull is not None and pull.state == "merged" and tip in (None, pull.head_commit)

    def _read(self, number: int) -> Pull | None:
        """Reads a pull request that another one names; None if the number is an issue's or does not exist."""
        try:
            return self._forge.read_pull(number)
        except GitcoordError as error:
            if error.code in ("no-such-pull", "no-pull"):
                return None
            raise

    def _adopted(self, one: HeadCandidate, needs: Sequence[str]) -> AdoptedHead:
        pull = one.pull
        return AdoptedHead(
            branch=one.branch,
            commit=one.commit,
            title=pull.title if pull is not None else own_title(self._git, self._base_commit, one),
            pull=pull.number if pull is not None else None,
            author=pull.author if pull is not None else "",
            needs=tuple(needs),
            merged=pull is not None and pull.state == "merged",
        )
