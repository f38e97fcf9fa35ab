"""Finds dependency cycles: among tasks, among the subtasks of a task, and through both.

A cycle of remaining tasks is an error. A cycle through finished work delays nothing: the edges of its
finished tasks are removed with a warning, so the result has no cycle.
"""

from collections.abc import Container, Iterable, Mapping

from gitcoord.tasks.cycles import Graph, cyclic_components, shortest_cycle
from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.model import TaskId
from gitcoord.tasks.parse_entries import TaskEntry
from gitcoord.tasks.resolve_dependencies import Edges

_MOST = 12
Cut = dict[TaskId, tuple[TaskId, ...]]


def check_tasks(entries: Mapping[TaskId, TaskEntry], edges: Edges, findings: Findings) -> Cut:
    """Returns the tasks' dependencies of every kind, without cycles.

    Reports errors for cycles of remaining tasks.
    """
    graph = dict(edges.direct)
    for id, lifted in edges.lifted.items():
        graph[id] = tuple(dict.fromkeys((*graph[id], *lifted)))
    every = cyclic_components(graph)
    remaining = dict.fromkeys(id for id, entry in entries.items() if entry.remains) if every else {}
    for component in cyclic_components(_within(graph, remaining)):
        direct = cyclic_components(_within(edges.direct, component))
        if direct:
            _tell_cycle(findings, "Tasks", shortest_cycle(edges.direct, direct[0]))
        else:
            _tell_deadlock(findings, shortest_cycle(graph, component), edges)
    _tell_lifted(entries, edges, findings)
    return _with_settled(_cut(graph, every, remaining, findings, "Tasks"), edges.settled, findings)


def check_subtasks(entries: Mapping[TaskId, TaskEntry], edges: Edges, findings: Findings) -> Cut:
    """Returns the dependencies between siblings, for the subtasks of all tasks at once, without cycles."""
    remaining = dict.fromkeys(sub.id for entry in entries.values() for sub in entry.subtasks if sub.remains)
    every = cyclic_components(edges.siblings)
    for component in cyclic_components(_within(edges.siblings, remaining)) if every else ():
        _tell_cycle(findings, "Subtasks", shortest_cycle(edges.siblings, component))
    return _cut(edges.siblings, every, remaining, findings, "Subtasks")


def _within(graph: Graph, members: Iterable[TaskId]) -> dict[TaskId, tuple[TaskId, ...]]:
    inside = dict.fromkeys(members)
    return {id: tuple(other for other in graph[id] if other in inside) for id in inside}


def _cut(
    graph: Cut,
    every: Iterable[list[TaskId]],
    remaining: Container[TaskId],
    findings: Findings,
    what: str,
) -> Cut:
    """Returns `graph` without the edges of finished tasks in the cycles `every`."""
    cut = dict(graph)
    for component in every:
        members = set(component)
        finished = [id for id in component if id not in remaining]
        if not finished:
            continue
        for id in finished:
            cut[id] = tuple(other for other in graph[id] if other not in members)
        way = _way(shortest_cycle(graph, component))
        findings.warn(
            "finished-cycle", f"{what} {way} depend on each other; some are finished.", component[0]
        )
    return cut


def _with_settled(graph: Cut, settled: Cut, findings: Findings) -> Cut:
    """Returns `graph` with its settled edges, except those that would close a cycle."""
    if not settled:
        return graph
    every = {id: tuple(dict.fromkeys((*needs, *settled.get(id, ())))) for id, needs in graph.items()}
    for component in cyclic_components(every):
        members = set(component)
        findings.warn(
            "finished-cycle",
            f"Tasks {_way(shortest_cycle(every, component))} depend on each other through finished subtasks.",
            component[0],
        )
        for id in component:
            every[id] = tuple(need for need in every[id] if need in graph[id] or need not in members)
    return every


def _tell_cycle(findings: Findings, what: str, way: list[TaskId]) -> None:
    message = f"{what} {_way(way)} wait for each other: each depends on the next."
    findings.fault("cycle", message, way[0])


def _tell_deadlock(findings: Findings, way: list[TaskId], edges: Edges) -> None:
    causes = [
        edges.lifted[id][after]
        for id, after in zip(way, [*way[1:], way[0]], strict=True)
        if after not in edges.direct[id]
    ]
    told = f"{', '.join(causes[:3])}{' and so on' if len(causes) > 3 else ''}"
    message = f"Tasks {_way(way)} wait for each other through subtasks: {told}."
    findings.fault("subtask-deadlock", message, way[0])


def _tell_lifted(entries: Mapping[TaskId, TaskEntry], edges: Edges, findings: Findings) -> None:
    for id, lifted in edges.lifted.items():
        for other, cause in lifted.items():
            if other not in edges.direct[id] and entries[other].remains:
                message = f"Task {id} waits for the whole of task {other}, since {cause}."
                findings.warn("lifted-dependency", message, id)


def _way(way: list[TaskId]) -> str:
    if len(way) <= _MOST:
        return " -> ".join([*way, way[0]])
    shown = " -> ".join(way[:_MOST])
    return f"{shown} -> ... ({len(way) - _MOST} more) -> {way[0]}"
