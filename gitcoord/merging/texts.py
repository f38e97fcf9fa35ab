"""What pull requests and merge commits say."""

import hashlib

import msgspec

from gitcoord.evidence.trailers import LANDED, trailer
from gitcoord.forge.port import MergeRequest, Method, NewPull, Pull
from gitcoord.merging.model import Carrier, World
from gitcoord.merging.observe import Scene
from gitcoord.merging.wording import left_out, one_line, render, short

_MARKER = "<!-- gitcoord"
_TITLE_LENGTH = 200
_BODY_LENGTH = 60_000
"""GitHub takes 65,536 characters."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull request should say; `title` None: it is fine as it is."""

    title: str | None
    body: str


def new_pull(scene: Scene, world: World, carrier: Carrier) -> NewPull:
    """The pull request of a carrier."""
    title, body = _text(scene, world, carrier)
    draft = scene.options.pulls.draft
    return NewPull(head=carrier.branch, base=world.base, title=title, body=body, draft=draft)


def new_text(scene: Scene, world: World, carrier: Carrier, pull: Pull) -> Text | None:
    """What an open pull request should say instead; None when it names the carrier's tasks already.

    What somebody else wrote stays, above gitcoord's own words.
    """
    title, body = _text(scene, world, carrier)
    own = pull.body.rfind(_MARKER)
    if own >= 0 and pull.body[own:].strip() == _marker(world, carrier):
        return None
    if own >= 0:
        return Text(title=title, body=body)
    before = pull.body.strip()
    return Text(title=None, body=f"{before}\n\n---\n\n{body}" if before else body)


def is_own(pull: Pull) -> bool:
    """Whether gitcoord opened the pull request, as far as its text tells before gitcoord edits it."""
    return _MARKER in pull.body


def merge_request(world: World, carrier: Carrier, number: int, method: Method) -> MergeRequest:
    """The merge of a carrier; its message names every task and the head that it lands, for git to find."""
    works = [world.work(task) for task in carrier.tasks]
    if len(works) == 1:
        title = f"Task {works[0].task}: {one_line(works[0].title)}"
    else:
        title = f"{world.level}: tasks {', '.join(carrier.tasks)}"
    suffix = f" (#{number})"
    lines = [f"Task {work.task}: {one_line(work.title)}" for work in works] if len(works) > 1 else []
    trailers = [trailer(LANDED, work.task, work.head or carrier.head) for work in works]
    message = "\n".join([*lines, *([""] if lines else []), *trailers])
    return MergeRequest(
        number=number,
        head=carrier.head,
        base=world.base,
        method=method,
        title=short(title, _TITLE_LENGTH - len(suffix)) + suffix,
        message=message,
    )


def _text(scene: Scene, world: World, carrier: Carrier) -> tuple[str, str]:
    title, body = render(scene, world, carrier)
    return short(title, _TITLE_LENGTH), f"{short(body, _BODY_LENGTH)}\n\n{_marker(world, carrier)}"


def _marker(world: World, carrier: Carrier) -> str:
    """A line that no reader sees: by it gitcoord knows which tasks the text is about."""
    told = [*carrier.tasks, "", *(work.task for work in left_out(world, carrier))]
    digest = hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_MARKER} {digest[:16]} -->"
