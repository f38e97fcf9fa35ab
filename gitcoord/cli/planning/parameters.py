"""Reads the `--param NAME=VALUE` options that go to another engine."""

from collections.abc import Collection, Iterable

from gitcoord.errors import usage_error


def read_parameters(given: Iterable[str], own: Collection[str]) -> dict[str, str]:
    """Returns the value of each parameter. Raises `usage` (exit 2), also for the names in `own`."""
    parameters = {}
    for one in given:
        name, sign, value = one.partition("=")
        plain = name.replace("-", "").replace("_", "")
        if not sign or not plain.isalnum() or not plain.isascii():
            raise usage_error(
                "usage", f"--param {one!r} is not NAME=VALUE.", "NAME has letters, digits and dashes."
            )
        if name in own:
            message = f"--param {name} is a parameter of gitcoord's own."
            raise usage_error("usage", message, "Choose another name.")
        parameters[name] = value
    return parameters
