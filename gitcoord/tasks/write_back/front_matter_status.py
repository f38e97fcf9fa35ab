"""Finds the status of a Backlog.md task in its file."""

from typing import Final

from gitcoord.tasks.sources.backlog import quoted_mentions
from gitcoord.tasks.sources.checkboxes import LINE_END, split_front_matter
from gitcoord.tasks.sources.yaml_values import compose_yaml
from gitcoord.tasks.write_back.splices import NewStatus, Splice
from gitcoord.tasks.write_back.yaml_statuses import field_splice

_WORDS: Final = {"done": "Done", "pending": "To Do"}
"""Backlog.md's names, unless its settings have others."""


def front_matter_splice(text: str, new_status: NewStatus) -> list[Splice]:
    """Returns the splice that sets the field `status` of the front matter."""
    import yaml

    front = split_front_matter(text)
    if front is None:
        return []
    # `quoted_mentions` adds quotes, but no lines: the status stays on its line.
    root = compose_yaml(quoted_mentions(front.text))
    if not isinstance(root, yaml.MappingNode):
        return []
    key = next((key for key, _ in root.value if key.value == "status"), None)
    if key is None or key.start_mark.column:
        return []
    starts = [0, *(end.end() for end in LINE_END.finditer(text))]
    # The front matter begins on the second line of the file. Positions are compared within the line of the
    # status only, because quotes may have been added above it.
    line = starts[key.start_mark.line + 1]
    inner = field_splice(front.text, root, _WORDS[new_status])
    begins = [0, *(end.end() for end in LINE_END.finditer(quoted_mentions(front.text)))]
    offset = line - begins[key.start_mark.line]
    return [Splice(inner.start + offset, inner.end + offset, inner.text)]
