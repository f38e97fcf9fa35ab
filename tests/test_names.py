"""The names of parameters and fields: what functions pass to each other has the word of its idea."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_layers import modules, nodes

# Everyday words that stand for no idea of the glossary: fine in a few lines, not between functions.
NO_PARAMETERS = {
    *("asked", "bench", "brought", "come", "desk", "hands", "knot", "scene", "seat", "sight", "standings"),
    *("strand", "told", "wishes"),
}


def test_no_parameter_and_no_field_has_an_everyday_word_for_a_name() -> None:
    wrong = [
        f"{module}: {name}"
        for module, path in modules().items()
        for name in (*parameters(path), *fields(path))
        if name.lstrip("_") in NO_PARAMETERS
    ]
    assert wrong == []


def parameters(path: Path) -> Iterator[str]:
    return (argument.arg for argument in nodes(path) if isinstance(argument, ast.arg))


def fields(path: Path) -> Iterator[str]:
    """The fields of classes, in their bodies or set on `self`."""
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    yield line.target.id
