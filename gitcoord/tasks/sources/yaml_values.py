"""Reads YAML for task lists: numbers keep their spelling, and dates and `no` stay text.

The id 1.10 differs from 1.1, and `title: No` is a title.
"""

from functools import cache
from typing import Any

from gitcoord.errors import usage_error
from gitcoord.tasks.coercion import Decimal, quoted
from gitcoord.tasks.diagnostics import Findings

_HINT = "Correct the file there."


def load_yaml(document: str, findings: Findings, name: str = "") -> Any:
    """Returns the value of a YAML document from the file `name`. Raises `not-yaml`."""
    import yaml

    name = name or findings.source
    try:
        return yaml.load(document, Loader=_loader())  # noqa: S506 (a safe loader, with fewer types)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        problem = error.problem or error.context or "it cannot be read"
        raise usage_error("not-yaml", f"{name}{place} is not YAML: {problem}.", _HINT) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise usage_error("not-yaml", f"{name} is not YAML that can be read.", _HINT) from error


def compose_yaml(document: str) -> Any:
    """Returns the nodes, which have positions, of a document that `load_yaml` accepts."""
    import yaml

    return yaml.compose(document, Loader=_loader())


@cache
def _loader() -> Any:
    import re

    import yaml

    # libyaml's parser, if PyYAML was built with it: a tenth of the time.
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """The safe loader, with the booleans of YAML 1.2 and without dates."""

    # PyYAML stores resolvers by first character: https://pyyaml.org/wiki/PyYAMLDocumentation
    dropped = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag not in dropped]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
    )
    Loader.add_constructor("tag:yaml.org,2002:float", _number)
    Loader.add_constructor("tag:yaml.org,2002:int", _whole)
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    return Loader


def _number(loader: Any, node: Any) -> Any:
    try:
        return Decimal(node.value)
    except ValueError:
        return node.value


def _whole(loader: Any, node: Any) -> Any:
    """Converts only decimal digits: 010, 0x1F and 1:30 are ids with exactly this spelling."""
    plain = node.value.isascii() and node.value.isdigit() and (node.value == "0" or node.value[0] != "0")
    return int(node.value) if plain and len(node.value) <= 300 else node.value


def _mapping(loader: Any, node: Any) -> Any:
    import yaml

    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {quoted(key.value)} occurs twice", key.start_mark
                )
            seen.add(key.value)
    made: dict[Any, Any] = {}
    yield made
    made.update(loader.construct_mapping(node))
