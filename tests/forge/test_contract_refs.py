"""Every answer to making and moving refs: the API's to `doctor`, and what git's own pushes meet."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.doctor import examine_github
from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import HEADS, RefUpdate, SharedRefs
from tests.forge.contract import Desk
from tests.support.github import GitHubEmulator, Protection
from tests.support.github.fixtures import calm_hub, shared_hub
from tests.support.repos import Repo

__all__ = ["calm_hub", "shared_hub"]
MAKE = r"^POST .*/git/refs$"


def answers(status: int, message: str) -> Callable[[Desk], object]:
    return lambda desk: desk.fault(MAKE, status, message)


def bare_500(desk: Desk) -> None:
    desk.app.habits.unknown_commit = 500


@dataclass(frozen=True)
class Making:
    """What GitHub says when `doctor` tries to make a ref for no commit, and the verdict on that."""

    said: str
    given: Callable[[Desk], object]
    verdict: str
    may_write: bool = True


MAKINGS = (
    Making("422 Object does not exist", lambda desk: None, "ok"),
    Making("422 Reference already exists", answers(422, "Reference already exists"), "ok"),
    Making("422 Reference update failed", answers(422, "Reference update failed"), "ok"),
    Making("500 Server Error", bare_500, "warning"),
    Making("403 Resource not accessible", lambda desk: None, "failed", may_write=False),
)


@pytest.mark.parametrize("row", MAKINGS, ids=lambda row: row.said)
def test_every_answer_to_making_a_ref_has_its_verdict(calm_hub: GitHubEmulator, row: Making) -> None:
    desk = Desk(calm_hub)
    row.given(desk)
    token = calm_hub.make_token("fine-grained", contents="write", pull_requests="write")
    if not row.may_write:
        token.permissions = {"contents": "read", "pull_requests": "write"}
    found = examine_github(
        url=desk.app.clone_url,
        repository=None,
        base="main",
        method="merge",
        environ=calm_hub.environment(token),
    )
    (finding,) = [one for one in found if one.name == "permission contents"]
    assert finding.verdict == row.verdict
    assert [one.status for one in calm_hub.requests(MAKE)] == [int(row.said.split()[0])]
    assert bool(finding.hint) == (row.verdict != "ok")


@dataclass(frozen=True)
class Pushing:
    """A push of `new` over `old`, what GitHub's git says of it, and what comes of it."""

    said: str
    ref: str
    outcome: bool | str
    old: str | None = None
    new: str | None = "main"
    form: str = ""


PUSHINGS = (
    Pushing("a new ref", "free", outcome=True),
    Pushing("it exists, at the same commit", "main", outcome=True),
    Pushing("it exists, at another commit", "work", outcome=False),
    Pushing("not a fast forward from what was seen", "work", outcome=False, old="main"),
    Pushing("it is gone", "gone", outcome=True, old="main", new=None),
    Pushing("GH006: Protected branch update failed", "work", "must be made through", "work", form="classic"),
    Pushing(
        "GH013: Repository rule violations found", "work", "must be made through", "work", form="ruleset"
    ),
    Pushing("deny updating a hidden ref", "refs/pull/9/head", "hidden ref"),
)


@pytest.mark.parametrize("row", PUSHINGS, ids=lambda row: row.said)
def test_every_answer_to_a_push_has_its_reaction(
    calm_hub: GitHubEmulator,
    row: Pushing,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(calm_hub)
    for name, value in calm_hub.environment().items():
        monkeypatch.setenv(name, value)
    here = desk.content.clone(tmp_path_factory.mktemp("here") / "desk")
    here.git("remote", "set-url", "origin", desk.app.clone_url)
    if row.form:
        rules = Protection(pull_request_required=True, form=row.form)  # type: ignore[arg-type]
        desk.app.protect(row.ref, rules)
    before = desk.content.refs()
    outcome, told = published(here, row)
    assert outcome is row.outcome or str(row.outcome) in told
    if row.outcome is not True:
        assert desk.content.refs() == before
    if row.form:
        assert row.said in told


def published(here: Repo, row: Pushing) -> tuple[bool | None, str]:
    shared = SharedRefs(locate(here.path).open(), "refs/gitcoord/")
    shared.refresh()
    ref = row.ref if row.ref.startswith("refs/") else HEADS + row.ref
    old, new = (here.tip(f"origin/{name}") if name else None for name in (row.old, row.new))
    try:
        return shared.publish([RefUpdate(ref, old, new)]), ""
    except GitcoordError as error:
        return None, error.message
