"""What pull requests and merge commits say."""

import hashlib

import msgspec

from gitcoord.forge.port import MergeRequest, Method, NewPull, Pull
from gitcoord.merging.landed import trailer
from gitcoord.merging.model import Carrier, Work, World
from gitcoord.merging.observe import Scene
from gitcoord.tasks.model import TaskId

_MARKER = "<!-- gitcoord"
_TITLE_LENGTH = 200
_OVERLAPS = 6
_BODY_LENGTH = 60_000
"""GitHub takes 65,536 characters."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What a pull request should say; `title` None: it is fine as it is."""

    title: str | None
    body: str


def new_pull(scene: Scene, world: World, carrier: Carrier) -> NewPull:
    """The pull request of a carrier."""
    title, body = _text(scene, world, carrier)
    return NewPull(head=carrier.branch, base=world.base, title=title, body=body)


def new_text(scene: Scene, world: World, carrier: Carrier, pull: Pull) -> Text | None:
    """What an open pull request should say instead; None when it names the carrier's tasks already.

    What somebody else wrote stays, above gitcoord's own words.
    """
    title, body = _text(scene, world, carrier)
    own = pull.body.rfind(_MARKER)
    if own >= 0 and pull.body[own:].strip() == _marker(carrier):
        return None
    if own >= 0:
        return Text(title=title, body=body)
    before = pull.body.strip()
    return Text(title=None, body=f"{before}\n\n---\n\n{body}" if before else body)


def merge_request(world: World, carrier: Carrier, number: int, method: Method) -> MergeRequest:
    """The merge of a carrier; its message names every task and the head that it lands, for git to find."""
    works = [world.work(task) for task in carrier.tasks]
    if len(works) == 1:
        title = f"Task {works[0].task}: {_line(works[0].title)}"
    else:
        title = f"{world.level}: tasks {', '.join(carrier.tasks)}"
    suffix = f" (#{number})"
    lines = [f"Task {work.task}: {_line(work.title)}" for work in works] if len(works) > 1 else []
    trailers = [trailer(work.task, work.head or carrier.head) for work in works]
    message = "\n".join([*lines, *([""] if lines else []), *trailers])
    return MergeRequest(
        number=number,
        head=carrier.head,
        method=method,
        title=_short(title, _TITLE_LENGTH - len(suffix)) + suffix,
        message=message,
    )


def _text(scene: Scene, world: World, carrier: Carrier) -> tuple[str, str]:
    works = [world.work(task) for task in carrier.tasks]
    single = scene.options.strategy == "single-pr"
    title, lines = _level_text(scene, works) if single else _task_text(scene, works[0])
    footer = "Kept by gitcoord: merged one at a time, each checked again on the base as it then is."
    body = _short("\n".join(lines), _BODY_LENGTH)
    return _short(title, _TITLE_LENGTH), f"{body}\n\n{footer}\n{_marker(carrier)}"


def _marker(carrier: Carrier) -> str:
    """A line that no reader sees: by it gitcoord knows which tasks the text is about."""
    digest = hashlib.sha256("\0".join(carrier.tasks).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_MARKER} {digest[:16]} -->"


def _task_text(scene: Scene, work: Work) -> tuple[str, list[str]]:
    planned = scene.plan.tasks[work.task]
    waves = len(scene.level.waves)
    lines = [
        f"**Task {_markdown(work.task)}**: {_markdown(work.title)}",
        "",
        f"- Level: {scene.level.name}, wave {planned.wave} of {waves}",
        f"- Depends on: {_list(planned.depends_on) or 'nothing'}",
        *_overlap_lines(scene, work.task),
    ]
    return f"Task {work.task}: {_line(work.title)}", lines


def _level_text(scene: Scene, works: list[Work]) -> tuple[str, list[str]]:
    lines = [f"The tasks of **{scene.level.name}**, folded together in landing order:", ""]
    for work in works:
        planned = scene.plan.tasks[work.task]
        name = f"**Task {_markdown(work.task)}** (wave {planned.wave})"
        lines.append(f"- [x] {name}: {_markdown(work.title)}")
        lines += [f"  {line}" for line in _overlap_lines(scene, work.task)]
    return f"{scene.level.name}: tasks {', '.join(work.task for work in works)}", lines


def _overlap_lines(scene: Scene, task: TaskId) -> list[str]:
    told = scene.overlaps.get(task, ())
    lines = [f"- Overlap: {_markdown(sentence)}" for sentence in told[:_OVERLAPS]]
    return lines + ([f"- … and {len(told) - _OVERLAPS} more overlaps"] if len(told) > _OVERLAPS else [])


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip("\\") + "…"


def _list(tasks: tuple[TaskId, ...]) -> str:
    return ", ".join(f"task {_markdown(task)}" for task in tasks)


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _markdown(text: str) -> str:
    """Text from others as plain words: no mentions, links, images or HTML come alive."""
    escaped = _line(text)
    for char in "\\`*_[]<>#|!":
        escaped = escaped.replace(char, "\\" + char)
    return escaped.replace("@", "@\u200b")
