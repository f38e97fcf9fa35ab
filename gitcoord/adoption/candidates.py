"""Finds the requested heads in the forge, among the shared branches and in this clone."""

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase

import msgspec

from gitcoord.adoption.model import AdoptionRequest, ExcludedHead
from gitcoord.forge.pull_requests import Forge, Pull
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.refs import read_refs
from gitcoord.git.remote_refs import HEADS, RefUpdate, SharedRefs
from gitcoord.git.repository import Repository
from gitcoord.git.worktree_list import linked_branches

_FEW = 5
"""Up to this many pull requests are read one by one; for more, the list of all is read."""


class HeadCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A branch that may be adopted, at `commit`; `push`: the update that the remote needs before that."""

    branch: str
    commit: Oid
    pull: Pull | None = None
    push: RefUpdate | None = None

    @property
    def name(self) -> str:
        """The name of the head for people."""
        return self.branch if self.pull is None else f"pull request {self.pull.number}"


def asked_pulls(forge: Forge, request: AdoptionRequest) -> dict[int, Pull]:
    """Returns the requested pull requests by number. Raises `no-such-pull`, `no-pull`."""
    listed = forge.open_pulls() if request.lists_pulls or len(request.pulls) > _FEW else ()
    known = {pull.number: pull for pull in listed}
    found = {
        number: known[number] if number in known else forge.read_pull(number) for number in request.pulls
    }
    if request.lists_pulls:
        found |= {pull.number: pull for pull in listed if _is_wanted(pull, request)}
    return found


def author_logins(word: str) -> frozenset[str]:
    """Returns the logins, in lower case, that `copilot`, `@copilot` or `app/copilot` stand for.

    The login of an app is `NAME[bot]`; `gh` writes `app/NAME`.
    """
    name = word.casefold().removeprefix("@")
    app = name.removeprefix("app/").removesuffix("[bot]")
    return frozenset({f"{app}[bot]"} if name.startswith("app/") else {name, f"{app}[bot]"})


def _is_wanted(pull: Pull, request: AdoptionRequest) -> bool:
    labels = {label.casefold() for label in pull.labels}
    return (request.label is None or request.label.casefold() in labels) and (
        request.author is None or pull.author.casefold() in author_logins(request.author)
    )


def asked_branches(
    repository: Repository, shared: SharedRefs, request: AdoptionRequest, base: str
) -> list[str]:
    """Returns the requested branches of the remote and of this clone, without the base; sorted by name."""
    known = {*shared.branches(), *_here(repository)} if request.branches else set[str]()
    found = {name for name in known if any(fnmatchcase(name, pattern) for pattern in request.branches)}
    found |= set(linked_branches(repository.git)) if request.worktrees else set()
    return sorted(name for name in found - {base} if not shared.is_pulled(name))


def pull_candidates(
    shared: SharedRefs, pulls: Mapping[int, Pull], inside: Collection[int]
) -> Iterator[HeadCandidate | ExcludedHead]:
    """Yields the heads of pull requests; excludes closed ones, and open ones whose branch does not exist.

    `inside`: closed pull requests whose work is in the base.
    """
    tips = shared.branches()
    for number, pull in sorted(pulls.items()):
        name, tip = f"pull request {number}", tips.get(pull.head)
        if number in inside:
            yield ExcludedHead(name=name, reason="it is closed, and its work has landed", settled=True)
        elif pull.state == "closed":
            yield ExcludedHead(name=name, reason="it is closed")
        elif pull.state == "merged":
            yield HeadCandidate(branch=pull.head, commit=pull.head_commit, pull=pull)
        elif tip is None:
            yield ExcludedHead(name=name, reason=f"its branch {pull.head} does not exist")
        else:
            yield HeadCandidate(branch=pull.head, commit=tip, pull=pull)


def branch_candidates(
    repository: Repository, shared: SharedRefs, names: list[str], pulls: Mapping[str, Pull]
) -> Iterator[HeadCandidate | ExcludedHead]:
    """Yields branches at their newer commit, of the remote or the clone; excludes those that diverged."""
    tips, here, ancestry = shared.branches(), _here(repository), repository.ancestry
    for name in names:
        there, own, pull = tips.get(name), here.get(name), pulls.get(name)
        if own is None or own == there or (there is not None and ancestry.contains(there, own)):
            yield HeadCandidate(branch=name, commit=there or own or "", pull=pull)
        elif there is None or ancestry.contains(own, there):
            push = RefUpdate(HEADS + name, there, own)
            yield HeadCandidate(branch=name, commit=own, pull=pull, push=push)
        else:
            reason = f"it is at {own[:12]} here and at {there[:12]} on {shared.remote}: they have diverged"
            yield ExcludedHead(name=name, reason=reason)


def _here(repository: Repository) -> dict[str, Oid]:
    found = read_refs(repository.git, HEADS).targets
    return {name.removeprefix(HEADS): oid for name, oid in found.items()}


def own_title(git: Git, base_commit: Oid, one: HeadCandidate) -> str:
    """Returns the subject of a branch's only commit, else its name, as GitHub proposes for a pull request."""
    subjects = git.lines(
        "log", "--no-show-signature", "--format=%s", "--max-count=2", f"{base_commit}..{one.commit}"
    )
    return subjects[0] if len(subjects) == 1 else one.branch
