"""Draws the plan as Mermaid or Graphviz text; titles are escaped."""

from collections.abc import Callable
from itertools import pairwise

from gitcoord.planning.model import Plan, PlannedTask
from gitcoord.redact import redact
from gitcoord.tasks.model import TaskId

_LONGEST_TITLE = 60
_MERMAID = {char: f"#{ord(char)};" for char in '"#<>&`;\\[](){}|*_~$%@'}


def mermaid(plan: Plan) -> str:
    """Returns a Mermaid flowchart: a frame for each level, the critical path in thick lines."""
    names = _names(plan)
    lines = ["flowchart LR"]
    for level in plan.levels:
        lines.append(f'  subgraph level{level.number}["{level.name}"]')
        for task in level.tasks:
            label = _label(plan.tasks[task], _mermaid_text, "<br/>")
            lines.append(f'    {names[task]}["{label}"]')
        lines.append("  end")
    critical = set(pairwise(plan.critical_path))
    for need, task in _edges(plan):
        arrow = "==>" if (need, task) in critical else "-->"
        lines.append(f"  {names[need]} {arrow} {names[task]}")
    marked = [names[task] for task in plan.critical_path]
    if marked:
        lines.append("  classDef critical stroke:#c00,stroke-width:3px")
        lines.append(f"  class {','.join(marked)} critical")
    return "\n".join(lines)


def dot(plan: Plan) -> str:
    """Returns a Graphviz digraph: a cluster for each level, the critical path in red."""
    names = _names(plan)
    lines = ["digraph plan {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    critical = set(plan.critical_path)
    for level in plan.levels:
        lines.append(f"  subgraph cluster_{level.number} {{")
        lines.append(f'    label="{level.name}";')
        for task in level.tasks:
            label = _label(plan.tasks[task], _dot_text, "\\n")
            mark = ", color=red, penwidth=2" if task in critical else ""
            lines.append(f'    {names[task]} [label="{label}"{mark}];')
        lines.append("  }")
    path = set(pairwise(plan.critical_path))
    for need, task in _edges(plan):
        mark = " [color=red, penwidth=2]" if (need, task) in path else ""
        lines.append(f"  {names[need]} -> {names[task]}{mark};")
    lines.append("}")
    return "\n".join(lines)


def _names(plan: Plan) -> dict[TaskId, str]:
    # Ids are untrusted and may contain anything: name the tasks by their index.
    return {task: f"t{number}" for number, task in enumerate(plan.tasks)}


def _edges(plan: Plan) -> list[tuple[TaskId, TaskId]]:
    return [(need, task.id) for task in plan.tasks.values() for need in task.depends_on if need in plan.tasks]


def _label(task: PlannedTask, escape: Callable[[str], str], line_break: str) -> str:
    title = redact(task.title)
    title = title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…"
    return line_break.join(
        [escape(f"{task.id}: {title}"), escape(f"wave {task.wave}, {task.estimate:g} min")]
    )


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _mermaid_text(text: str) -> str:
    return "".join(_MERMAID.get(char, char) for char in _plain(text))


def _dot_text(text: str) -> str:
    return _plain(text).replace("\\", "\\\\").replace('"', '\\"')
