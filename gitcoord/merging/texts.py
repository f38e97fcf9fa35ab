"""What pull requests and merge commits say."""

from gitcoord.forge.port import MergeRequest, Method, NewPull
from gitcoord.merging.landed import trailer
from gitcoord.merging.model import Carrier, Work, World
from gitcoord.merging.observe import Scene
from gitcoord.tasks.model import TaskId

_MARKER = "<!-- gitcoord -->"
_TITLE_LENGTH = 200


def new_pull(scene: Scene, world: World, carrier: Carrier) -> NewPull:
    """The pull request of a carrier."""
    works = [world.work(task) for task in carrier.tasks]
    if scene.options.strategy == "single-pr":
        title, body = _level_text(scene, works)
    else:
        title, body = _task_text(scene, works[0])
    return NewPull(head=carrier.branch, base=world.base, title=title[:_TITLE_LENGTH], body=body)


def merge_request(world: World, carrier: Carrier, number: int, method: Method) -> MergeRequest:
    """The merge of a carrier; its message names every task and the head that it lands, for git to find."""
    works = [world.work(task) for task in carrier.tasks]
    if len(works) == 1:
        title = f"Task {works[0].task}: {_line(works[0].title)} (#{number})"
    else:
        title = f"{world.level}: tasks {', '.join(carrier.tasks)} (#{number})"
    lines = [f"Task {work.task}: {_line(work.title)}" for work in works] if len(works) > 1 else []
    trailers = [trailer(work.task, work.head or carrier.head) for work in works]
    message = "\n".join([*lines, *([""] if lines else []), *trailers])
    return MergeRequest(
        number=number, head=carrier.head, method=method, title=title[:_TITLE_LENGTH], message=message
    )


def _task_text(scene: Scene, work: Work) -> tuple[str, str]:
    planned = scene.plan.tasks[work.task]
    waves = len(scene.level.waves)
    lines = [
        f"**Task {work.task}**: {_markdown(work.title)}",
        "",
        f"- Level: {scene.level.name}, wave {planned.wave} of {waves}",
        f"- Depends on: {_list(planned.depends_on) or 'nothing'}",
        *_overlap_lines(scene, work.task),
    ]
    return f"Task {work.task}: {_line(work.title)}", _body(lines)


def _level_text(scene: Scene, works: list[Work]) -> tuple[str, str]:
    lines = [f"The tasks of **{scene.level.name}**, folded together in landing order:", ""]
    for work in works:
        planned = scene.plan.tasks[work.task]
        lines.append(f"- [x] **Task {work.task}** (wave {planned.wave}): {_markdown(work.title)}")
        lines += [f"  {line}" for line in _overlap_lines(scene, work.task)]
    title = f"{scene.level.name}: tasks {', '.join(work.task for work in works)}"
    return title, _body(lines)


def _overlap_lines(scene: Scene, task: TaskId) -> list[str]:
    return [f"- Overlap: {_markdown(sentence)}" for sentence in scene.overlaps.get(task, ())]


def _body(lines: list[str]) -> str:
    footer = "Opened by gitcoord: merged one at a time, each checked again on the base as it then is."
    return "\n".join([*lines, "", footer, _MARKER])


def _list(tasks: tuple[TaskId, ...]) -> str:
    return ", ".join(f"task {task}" for task in tasks)


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _markdown(text: str) -> str:
    """Text from others as plain words: no mentions, links, images or HTML come alive."""
    escaped = _line(text)
    for char in "\\`*_[]<>#|!":
        escaped = escaped.replace(char, "\\" + char)
    return escaped.replace("@", "@\u200b")
