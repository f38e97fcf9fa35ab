"""Makes the texts of pull requests and merge commits, and updates gitcoord's own block in them."""

import hashlib

import msgspec

from gitcoord.evidence.trailer_syntax import LANDED, trailer
from gitcoord.forge.pull_requests import MergeRequest, NewPull, Pull
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import Carrier, LandingSnapshot
from gitcoord.landing.own_text import OWN_END, is_own
from gitcoord.landing.pull_templates import left_out, one_line, render, short
from gitcoord.text_lists import inert

_OPENING = "<!-- gitcoord: "
"""The beginning of the first comment, also in pull requests in which older versions worded it differently."""
_BEGIN = f"{_OPENING}gitcoord replaces the text from here to its next comment when the tasks change -->"
_MARKER = "<!-- gitcoord "
_NOT_OWN = "-"
_TITLE_LENGTH = 200
_BODY_LENGTH = 60_000
"""GitHub accepts at most 65,536 characters."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """The new text of a pull request; `title` None: keep the title."""

    title: str | None
    body: str


def new_pull(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> NewPull:
    """Returns the new pull request of a carrier."""
    title, body = _text(context, snapshot, carrier)
    draft = context.options.pulls.draft
    return NewPull(head=carrier.branch, base=snapshot.base, title=title, body=body, draft=draft)


def new_text(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, pull: Pull) -> Text | None:
    """Returns the new text of an open pull request; None if it already is about the carrier's tasks.

    Replaces only gitcoord's own block of the text, or appends it, and the title only if gitcoord wrote it.
    In an adopted plan, returns None for a pull request that gitcoord did not open.
    """
    if context.plan.adopted and not is_own(pull):
        return None
    title, block = render(context, snapshot, carrier)
    title = short(title, _TITLE_LENGTH)
    ends = list(OWN_END.finditer(pull.body))
    if ends and ends[-1]["tasks"] == _digest(_about(snapshot, carrier)):
        return None
    own = bool(ends) and ends[-1]["title"] == _digest(pull.title)
    body = _block(snapshot, carrier, block, title if own else None)
    if not ends:
        before = pull.body.strip()
        return Text(title=None, body=f"{before}\n\n---\n\n{body}" if before else body)
    stop = ends[-1].end()
    begin = pull.body.rfind(_OPENING, 0, stop)
    start = begin if begin >= 0 else ends[-1].start()
    return Text(title=title if own else None, body=pull.body[:start] + body + pull.body[stop:])


def merge_request(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, number: int, *others: int
) -> MergeRequest:
    """Returns the merge request of a carrier; its message names every task and its head, as evidence in git.

    `others` are the numbers of the pull requests to merge together with `number`. An adopted head keeps its
    own title.
    """
    works = [snapshot.work(task) for task in carrier.tasks]
    if len(works) == 1 and context.plan.adopted:
        title = inert(one_line(works[0].title))
    elif len(works) == 1:
        title = f"Task {inert(works[0].task)}: {inert(one_line(works[0].title))}"
    else:
        title = f"{snapshot.level}: tasks {inert(', '.join(carrier.tasks))}"
    suffix = f" ({', '.join(f'#{one}' for one in (number, *others))})"
    lines = [f"Task {inert(w.task)}: {inert(one_line(w.title))}" for w in works] if len(works) > 1 else []
    trailers = [trailer(LANDED, work.task, work.head or carrier.head) for work in works]
    message = "\n".join([*lines, *([""] if lines else []), *trailers])
    return MergeRequest(
        number=number,
        head=carrier.head,
        base=snapshot.base,
        base_commit=snapshot.base_commit,
        method=context.options.method,
        title=short(title, _TITLE_LENGTH - len(suffix)) + suffix,
        message=message,
    )


def _text(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> tuple[str, str]:
    title, text = render(context, snapshot, carrier)
    title = short(title, _TITLE_LENGTH)
    return title, _block(snapshot, carrier, text, title)


def _block(snapshot: LandingSnapshot, carrier: Carrier, text: str, title: str | None) -> str:
    """Returns gitcoord's part of a pull request's text, between two hidden comments.

    By the second comment, gitcoord recognizes which tasks the text is about, and whether it wrote the title.
    """
    named = _NOT_OWN if title is None else _digest(title)
    end = f"{_MARKER}{_digest(_about(snapshot, carrier))} {named} -->"
    return f"{_BEGIN}\n{short(text, _BODY_LENGTH)}\n\n{end}"


def _about(snapshot: LandingSnapshot, carrier: Carrier) -> str:
    return "\0".join([*carrier.tasks, "", *(work.task for work in left_out(snapshot, carrier))])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
