"""The texts of pull requests and comments: templates and their fields.

Text from others is escaped: mentions, links, images and HTML have no effect.
"""

import re
from string import Template

from gitcoord.events import TaskDeferred
from gitcoord.forge.pull_requests import Pull
from gitcoord.landing.context import LandingContext
from gitcoord.landing.model import Carrier, LandingSnapshot, TaskState
from gitcoord.redact import redact
from gitcoord.tasks.model import TaskId
from gitcoord.text_lists import inert, named_tasks

_OVERLAPS = 6
_OUTPUT_LINES = 10
_PATHS = 20
_TASK_TITLE = Template("Task $task: $title")
_HEAD_TITLE = Template("$title")
_LEVEL_TITLE = Template("$level: tasks $task")
_TASK_BODY = Template("""\
$tasks

- Level: $level, wave $wave
- Depends on: $needs
$overlaps
- Lands: $order
- Checked: $checked""")
_LEVEL_BODY = Template("""\
The tasks of **$level**, folded together in landing order:

$tasks

$overlaps
- Lands: $order
- Checked: $checked""")


def render(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> tuple[str, str]:
    """Returns title and body of a carrier's pull request, from the settings' templates or gitcoord's own."""
    single, settings = context.options.strategy == "single-pr", context.options.pulls
    works = [snapshot.work(task) for task in carrier.tasks]
    fields = _fields(context, snapshot, carrier, works)
    own = _LEVEL_TITLE if single else _HEAD_TITLE if context.plan.adopted else _TASK_TITLE
    title = Template(settings.title) if settings.title else own
    body = Template(settings.body) if settings.body else _LEVEL_BODY if single else _TASK_BODY
    escaped = {name: markdown(text) for name, text in fields.items()}
    text = body.substitute(escaped | _body_fields(context, snapshot, carrier, works)) + _closes(
        context, carrier
    )
    named = {name: inert(text) for name, text in fields.items()}
    return one_line(title.substitute(named)), re.sub(r"\n{3,}", "\n\n", text)


def _closes(context: LandingContext, carrier: Carrier) -> str:
    """Returns lines that let GitHub close the tasks' issues when the work lands in the default branch."""
    if not context.options.closes_issues or not context.plan.source.startswith("github:"):
        return ""
    return "\n\n" + "\n".join(f"Closes #{task}" for task in carrier.tasks if task.isdecimal())


def deferral_text(context: LandingContext, event: TaskDeferred) -> str:
    """Returns the comment on a pull request that no longer merges, or whose check fails."""
    if event.check:
        return _failed_check_text(context, event)
    against = f"{_names(context, event)}, which landed before it," if event.others else "newer commits"
    settle = "resolve the conflict in the working tree"
    lines = [
        f"**Deferred.** This does not merge with `{context.plan.base}`: it conflicts with {against} in:",
        "",
    ]
    if event.exclusive:
        settle = "adapt it to the earlier change"
        why = "Only one task at a time may change some paths, and this one comes after"
        lines[0] = f"**Deferred.** {why} {against} in:"
    lines += [f"- {_code(path)}" for path in event.paths[:_PATHS]] or [f"- {markdown(event.reason)}"]
    more = len(event.paths) - _PATHS
    lines += [f"- … and {more} more paths"] if more > 0 else []
    return "\n".join([*lines, "", *_way_on(context, event, settle)])


def _failed_check_text(context: LandingContext, event: TaskDeferred) -> str:
    end = [one_line(line) for line in event.output.strip().splitlines()[-_OUTPUT_LINES:]]
    shown = ["", *(f"> {_code(line)}  " for line in end if line)] if any(end) else []
    return "\n".join(
        [
            f"**Deferred.** This merges with `{context.plan.base}`, but the check fails on the merged tree:",
            "",
            f"- {markdown(event.reason)}",
            *shown,
            "",
            *_way_on(context, event, "make the check pass"),
        ]
    )


def _way_on(context: LandingContext, event: TaskDeferred, settle: str) -> tuple[str, str]:
    """Returns how to resolve a deferral, and what happens to the other work."""
    if context.plan.adopted:
        way = f"merge {_code(context.plan.base)} into this branch, {settle} and push"
        return f"To resolve it: {way}; it lands the next time.", "The others land without it."
    way = f"To resolve it: {_code(f'gitcoord checkout {event.task}')}, {settle}, `gitcoord submit`"
    if not (event.paths or event.check or event.stands_on):  # git cannot merge it at all
        way = f"To start it again: {_code(f'gitcoord retry {event.task} --fresh')}"
    return f"{way}.", f"The rest of {context.level.name} lands without it."


def _names(context: LandingContext, event: TaskDeferred) -> str:
    """Names the tasks on the other side of a conflict; adopted heads by pull request number or branch."""
    if not context.plan.adopted:
        return _tasks(event.others)
    names = [f"#{other}" if other.isdecimal() else _code(other) for other in event.others]
    return " and ".join(names)


def settled_text(context: LandingContext, event: TaskDeferred, commit: str) -> str:
    """Returns the new text of a deferral's comment after the task has landed."""
    against = _names(context, event) if event.others else f"`{context.plan.base}`"
    where = ", ".join(_code(path) for path in event.paths[:_PATHS])
    how = "came after" if event.exclusive else "failed its check with" if event.check else "conflicted with"
    was = f"This was deferred: it {how} {against}" + (f" in {where}" if where else "")
    return f"**Settled.** {was}. It was reworked, and landed as {commit[:12]}."


def unwanted_text(unseen: Pull, base: str) -> str:
    """Returns the comment on a pull request that was opened while a person rejected its work."""
    how = "was closed without a merge" if unseen.state == "closed" else f"was moved to {_code(unseen.base)}"
    return (
        f"**Closed.** #{unseen.number} had the same commits and {how} while this one was opened onto "
        f"{_code(base)}. To land them anyway, reopen this one."
    )


def left_out(snapshot: LandingSnapshot, carrier: Carrier) -> list[TaskState]:
    """Under single-PR: returns the deferred tasks that are not in the carrier."""
    if snapshot.level_branch is None:
        return []
    return [work for work in snapshot.works if work.standing == "deferred" and work.task not in carrier.tasks]


def short(text: str, length: int) -> str:
    """Shortens a text to at most `length` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip("\\") + "…"


def one_line(text: str) -> str:
    """Returns text from others on one line, without secrets and unprintable characters.

    Removes secrets first: a secret that was changed or cut could no longer be recognized.
    """
    return " ".join("".join(char if char.isprintable() else " " for char in redact(text)).split())


def markdown(text: str) -> str:
    """Escapes text from others for Markdown."""
    escaped = one_line(text)
    for char in "\\`*_[]<>#|!":
        escaped = escaped.replace(char, "\\" + char)
    return inert(escaped)


def _fields(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, works: list[TaskState]
) -> dict[str, str]:
    waves = sorted({context.plan.tasks[work.task].wave for work in works})
    wave = f"{waves[0]}" if len(waves) == 1 else f"{waves[0]} to {waves[-1]}"
    return {
        "task": ", ".join(carrier.tasks),
        "title": works[0].title if len(works) == 1 else f"{len(works)} tasks",
        "level": snapshot.level,
        "wave": f"{wave} of {len(context.level.waves)}",
        "base": snapshot.base,
        "branch": carrier.branch,
    }


def _body_fields(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, works: list[TaskState]
) -> dict[str, str]:
    needs = {need for work in works for need in context.plan.tasks[work.task].depends_on}
    own = [task for task in needs if task not in carrier.tasks]
    return {
        "tasks": _task_lines(context, snapshot, carrier, works),
        "needs": ", ".join(f"task {markdown(task)}" for task in sorted(own)) or "nothing",
        "overlaps": "\n".join(_overlap_lines(context, carrier)),
        "order": _order(context, carrier),
        "checked": _checked(context, snapshot, carrier),
    }


def _task_lines(
    context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier, works: list[TaskState]
) -> str:
    if context.plan.adopted and len(works) == 1:
        return f"**{markdown(works[0].title)}** ({_code(works[0].branch)})"
    if context.options.strategy == "multi-pr":
        return f"**Task {markdown(works[0].task)}**: {markdown(works[0].title)}"
    lines = []
    for work in works:
        wave = f"(wave {context.plan.tasks[work.task].wave})"
        lines.append(f"- [x] **Task {markdown(work.task)}** {wave}: {markdown(work.title)}")
    for work in left_out(snapshot, carrier):
        lines.append(f"- [ ] **Task {markdown(work.task)}** is left out: {markdown(work.reason)}")
    return "\n".join(lines)


def _overlap_lines(context: LandingContext, carrier: Carrier) -> list[str]:
    several = len(carrier.tasks) > 1
    told = [
        f"task {task}: {sentence}" if several else sentence
        for task in carrier.tasks
        for sentence in context.overlaps.get(task, ())
    ]
    lines = [f"- Overlap: {markdown(sentence)}" for sentence in told[:_OVERLAPS]]
    if not told:
        return ["- Overlap: none with other branches of the level"]
    return lines + ([f"- … and {len(told) - _OVERLAPS} more overlaps"] if len(told) > _OVERLAPS else [])


def _order(context: LandingContext, carrier: Carrier) -> str:
    clashing = {other for task in carrier.tasks for other in context.clashes.get(task, ())}
    wave = {task: context.plan.tasks[task].wave for task in (*clashing, *carrier.tasks)}
    first, last = (f([wave[task] for task in carrier.tasks]) for f in (min, max))
    before = [task for task in context.level.tasks if task in clashing and wave[task] < first]
    after = [task for task in context.level.tasks if task in clashing and wave[task] > last]
    parts = [f"after {_tasks(before)}" if before else "", f"before {_tasks(after)}" if after else ""]
    told = " and ".join(part for part in parts if part)
    if told:
        return f"{told}, which it clashes with"
    return "as soon as its checks and reviews allow; it clashes with no other task of the level"


def _checked(context: LandingContext, snapshot: LandingSnapshot, carrier: Carrier) -> str:
    others = sum(w.standing == "ready" and w.task not in carrier.tasks for w in snapshot.works)
    which = "other ready branch" if others == 1 else f"{others} other ready branches"
    beside = f" and with the {which} of the level" if others else ""
    return (
        f"merged in memory onto `{snapshot.base}` at {snapshot.base_commit[:12]}{beside}; when it lands, "
        "gitcoord merges it again onto the base at that time and compares the result"
    )


def _tasks(tasks: tuple[str, ...] | list[TaskId]) -> str:
    return markdown(named_tasks([TaskId(task) for task in tasks]))


def _code(text: str) -> str:
    """Formats text from others as inline code, even if it has backticks."""
    line = one_line(text)
    ticks = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"
