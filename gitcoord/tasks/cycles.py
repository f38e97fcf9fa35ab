"""Finds cycles in a dependency graph, in time linear in tasks and edges, without recursion."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping

from gitcoord.tasks.model import TaskId

Graph = Mapping[TaskId, Collection[TaskId]]


def cyclic_components(graph: Graph) -> list[list[TaskId]]:
    """Returns the strongly connected components of two or more tasks, in graph order.

    Ignores edges that leave the graph.
    """
    late = _not_in_order(graph)
    if not late:
        return []
    search = _CycleSearch(late)
    for task in late:
        if task not in search.number:
            search.walk(task)
    order = {task: place for place, task in enumerate(graph)}
    ordered = [sorted(component, key=order.__getitem__) for component in search.found]
    return sorted(ordered, key=lambda component: order[component[0]])


def _not_in_order(graph: Graph) -> Graph:
    """Returns the graph without the tasks that depend only on earlier tasks: they are in no cycle."""
    before: set[TaskId] = set()
    late: dict[TaskId, Collection[TaskId]] = {}
    for task, needs in graph.items():
        for need in needs:
            if need not in before and need in graph:
                late[task] = needs
                break
        else:
            before.add(task)
    return late


class _CycleSearch:
    """Tarjan's algorithm with an explicit stack: chains of thousands of tasks exist."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.number: dict[TaskId, int] = {}
        self.lowest: dict[TaskId, int] = {}
        self.open: dict[TaskId, None] = {}
        self.found: list[list[TaskId]] = []

    def walk(self, root: TaskId) -> None:
        path = [self._enter(root)]
        while path:
            task, onward = path[-1]
            other = next(onward, None)
            if other is None:
                path.pop()
                self._leave(task)
                if path:
                    self._lower(path[-1][0], self.lowest[task])
            elif other not in self.number:
                path.append(self._enter(other))
            elif other in self.open:
                self._lower(task, self.number[other])

    def _enter(self, task: TaskId) -> tuple[TaskId, Iterator[TaskId]]:
        self.number[task] = self.lowest[task] = len(self.number)
        self.open[task] = None
        return task, (other for other in self.graph[task] if other in self.graph)

    def _lower(self, task: TaskId, number: int) -> None:
        self.lowest[task] = min(self.lowest[task], number)

    def _leave(self, task: TaskId) -> None:
        if self.lowest[task] != self.number[task]:
            return
        component = [self.open.popitem()[0]]
        while component[-1] != task:
            component.append(self.open.popitem()[0])
        if len(component) > 1:
            self.found.append(component)


def shortest_cycle(graph: Graph, component: Collection[TaskId]) -> list[TaskId]:
    """Returns a shortest cycle through the first task of `component`; each task depends on the next one."""
    first = next(iter(component))
    inside = set(component)
    came_from: dict[TaskId, TaskId] = {}
    queue = deque([first])
    while queue:
        task = queue.popleft()
        for other in graph[task]:
            if other == first:
                way = [task]
                while way[-1] != first:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if other in inside and other not in came_from:
                came_from[other] = task
                queue.append(other)
    raise ValueError("the tasks are not in a cycle")
