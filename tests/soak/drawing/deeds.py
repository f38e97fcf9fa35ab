"""What people do while a client is at work, above all between its look and its write; drawn from a seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.soak.drawing.surroundings import Method, Surroundings

Kind = Literal[
    "push to head",
    "push to base",
    "quote",
    "retarget",
    "close",
    "edit",
    "imitate",
    "draft",
    "ask",
    "merge",
    "rival",
    "fork",
]
Moment = tuple[str, Literal["before", "after"], str]
"""A request, whether before it is served or after it took effect, and what its body has to contain."""

_MERGE: Moment = (r"^PUT .*/pulls/\d+/merge(-async)?$", "before", "")
_MERGED: Moment = (r"^PUT .*/pulls/\d+/merge(-async)?$", "after", "")
_OPEN: Moment = (r"^POST .*/pulls$", "before", "")
_OPENED: Moment = (r"^POST .*/pulls$", "after", "")
_LOOK: Moment = (r"^GET .*/pulls/\d+$", "after", "")
_LIST: Moment = (r"^GET .*/pulls\?", "after", "")
_PUSH: Moment = (r"^GET .*/info/refs\?service=git-receive-pack$", "before", "")
_PUSHED: Moment = (r"^POST .*/git-receive-pack$", "before", "")
_COMPARED: Moment = (r"^GET .*/compare/", "after", "")
"""What comes next where the branch is behind its base is the push that brings it up to date."""
_HAND_OVER: Moment = (r"^POST .*/graphql$", "before", "mutation")

# The moments of each deed, those that matter most more than once.
_MOMENTS: Mapping[Kind, tuple[Moment, ...]] = {
    "push to head": (
        *(_MERGE, _MERGE, _MERGE, _MERGED, _LOOK),
        *(_PUSH, _COMPARED, _COMPARED, _OPEN, _HAND_OVER),
    ),
    "push to base": (_MERGE, _MERGE, _PUSH, _OPEN, _LOOK),
    "quote": (_MERGE, _LOOK, _OPENED, _LIST),
    "retarget": (_MERGE, _LOOK, _LOOK, _OPENED, _LIST, _HAND_OVER),
    "close": (_MERGE, _MERGE, _LOOK, _OPENED, _LIST, _PUSHED, _HAND_OVER),
    "edit": (_LOOK, _OPENED, _LIST),
    "imitate": (_OPENED, _OPENED, _LIST),
    "draft": (_MERGE, _LOOK, _OPENED, _HAND_OVER),
    "ask": (_MERGE, _LOOK, _OPENED),
    "merge": (_MERGE, _MERGE, _LOOK, _OPENED, _LIST, _HAND_OVER),
    "rival": (_MERGE,),
    "fork": (_OPEN, _LIST),
}
_WEIGHTS: Mapping[Kind, int] = {
    "push to head": 5,
    "push to base": 2,
    "quote": 2,
    "retarget": 2,
    "close": 2,
    "edit": 2,
    "imitate": 1,
    "draft": 1,
    "ask": 1,
    "merge": 3,
    "rival": 1,
    "fork": 2,
}


@dataclass(frozen=True)
class Deed:
    """Something that somebody does once, at the `nth` request that fits.

    `choice` picks the pull request where the request names none. A decision (closing, another base, a draft)
    is taken back after `lasts` runs; None: never. `own_words`: a merge whose message is the person's own.
    """

    name: str
    kind: Kind
    request: str
    when: Literal["before", "after"]
    body: str
    nth: int
    choice: int
    method: Method
    own_words: bool
    deletes_head: bool
    slot: int | None
    lasts: int | None

    def __str__(self) -> str:
        return f"{self.kind} {self.when} {self.request!r} nth {self.nth}"


def make_deed(dice: random.Random, name: str, around: Surroundings, slots: int) -> Deed:
    """One of them."""
    kinds = [kind for kind in _WEIGHTS if kind != "ask" or around.gates.conversations]
    kind = dice.choices(kinds, [_WEIGHTS[kind] for kind in kinds])[0]
    request, when, body = dice.choice(_MOMENTS[kind])
    methods: tuple[Method, ...] = ("merge", "squash", "rebase")
    return Deed(
        name=name,
        kind=kind,
        request=request,
        when=when,
        body=body,
        nth=dice.choice((1, 1, 1, 2, 3)),
        choice=dice.randrange(60),
        method=dice.choice(methods),
        own_words=dice.random() < 0.6,
        deletes_head=dice.random() < 0.4,
        slot=dice.randrange(slots) if dice.random() < 0.3 else None,
        lasts=None if dice.random() < 0.12 else dice.choice((1, 1, 2)),
    )
