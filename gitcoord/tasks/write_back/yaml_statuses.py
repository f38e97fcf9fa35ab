"""Finds the statuses of a YAML document in its text, from PyYAML's nodes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitcoord.tasks.coercion import status_of
from gitcoord.tasks.file_formats import MASTER
from gitcoord.tasks.sources.yaml_values import compose_yaml
from gitcoord.tasks.write_back.splices import NewStatus, Splice

if TYPE_CHECKING:
    import yaml


def yaml_splices(text: str, tag: str, wanted: Mapping[str, NewStatus]) -> list[Splice]:
    """Returns the splices that set the statuses of the tag's tasks and subtasks to `wanted`, by full id."""
    tasks = _tasks_of(compose_yaml(text), tag)
    return list(_of_tasks(text, tasks, "", dict(wanted))) if tasks is not None else []


def field_splice(text: str, mapping: "yaml.MappingNode", value: str) -> Splice:
    """Returns the splice that sets the field `status`; a mapping without one gets it after its `id`."""
    fields = _fields(mapping)
    if "status" in fields:
        node = fields["status"][1]
        quote = node.style if node.style in ("'", '"') else ""
        return Splice(node.start_mark.index, node.end_mark.index, f"{quote}{value}{quote}")
    key, id = fields["id"]
    end = id.end_mark.index
    if mapping.flow_style:
        return Splice(end, end, f", status: {value}")
    line = text.find("\n", end)
    line = len(text) if line < 0 else line
    newline = "\r\n" if text[:line].endswith("\r") else "\n"
    line -= len(newline) - 1
    return Splice(line, line, f"{newline}{' ' * key.start_mark.column}status: {value}")


def _tasks_of(root: Any, tag: str) -> Any:
    """Returns the sequence of the tag's tasks, in the formats that `file_formats` reads."""
    import yaml

    if isinstance(root, yaml.SequenceNode):
        return root
    fields = _fields(root)
    inside = _fields(fields["tags"][1]) if "tags" in fields else {}
    for holder in (fields, inside):
        own = holder[tag][1] if tag in holder else None
        if isinstance(own, yaml.SequenceNode):
            return own
        if own is not None and "tasks" in _fields(own):
            return _fields(own)["tasks"][1]
    return fields["tasks"][1] if tag == MASTER and "tasks" in fields else None


def _of_tasks(text: str, tasks: Any, above: str, wanted: dict[str, NewStatus]) -> Iterator[Splice]:
    for task in getattr(tasks, "value", ()):
        fields = _fields(task)
        own = fields["id"][1].value.strip() if "id" in fields else ""
        full = own if not above or own.startswith(f"{above}.") else f"{above}.{own}"
        new_status = wanted.pop(full, None) if own else None
        if new_status is not None:
            status = fields["status"][1].value if "status" in fields else None
            if str(status_of(status)[0]) != new_status:
                yield field_splice(text, task, new_status)
        if not above and "subtasks" in fields:
            yield from _of_tasks(text, fields["subtasks"][1], full, wanted)


def _fields(node: Any) -> dict[str, tuple[Any, Any]]:
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
