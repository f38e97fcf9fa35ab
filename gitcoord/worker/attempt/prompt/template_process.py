"""Reads a prompt's template and fills it in. Runs as `python -m`, in a process of its own with limits.

An expression may need more memory or time than there is (`"x" * 10**9`). jinja2's sandbox limits neither, and
computes constants already while it parses. Reads one JSON document from stdin, and writes one to stdout.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

CPU_SECONDS = 2
MEMORY_BYTES = 512 << 20
LONGEST_PROMPT = 4 << 20
"""The largest number of characters in a prompt."""


class TemplateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a template, and the values to fill in; without `values` it is only parsed."""

    text: str
    values: Mapping[str, Any] | None = None


class TemplateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The prompt, or the names that the template uses; or an error, with its line if known."""

    text: str = ""
    names: tuple[str, ...] = ()
    problem: str = ""
    line: int = 0


def main() -> None:
    """Answers the request on stdin."""
    _limit()
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=TemplateRequest)
    try:
        answer = _answer(request)
    except MemoryError:
        answer = TemplateAnswer(problem=f"it needs more than {MEMORY_BYTES >> 20} MB of memory")
    except Exception as error:  # an expression may raise anything
        line = getattr(error, "lineno", None) or 0
        answer = TemplateAnswer(problem=str(error) or type(error).__name__, line=line)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


def _answer(request: TemplateRequest) -> TemplateAnswer:
    from jinja2 import StrictUndefined, meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # The prompt is Markdown, not HTML: no escapes.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    names = meta.find_undeclared_variables(environment.parse(request.text))
    template = environment.from_string(request.text)
    if request.values is None:
        return TemplateAnswer(names=tuple(sorted(names)))
    text = template.render(request.values)
    if len(text) > LONGEST_PROMPT:
        return TemplateAnswer(problem=f"the prompt would have more than {LONGEST_PROMPT:,} characters")
    return TemplateAnswer(text=text)


def _limit() -> None:
    with suppress(ImportError, OSError, ValueError):  # not every system has these limits
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    main()
