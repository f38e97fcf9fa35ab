"""The project's own template around a prompt: jinja2 in its sandbox; text from task lists is only data."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.worker.attempt.prompt import Brief, sections, whole_prompt

if TYPE_CHECKING:
    from jinja2 import Template

_SECTIONS = ("heading", "conflict", "work", "siblings", "whole", "earlier", "others", "rules")
_FACTS = ("id", "title", "task", "subtask", "branch", "base", "level", "wave", "check", "rework", "modifies")
_WHOLE = ("prompt", "work")
"""One of these a template has to have: without it the agent would not hear of its task."""


class PromptTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template that was read, and the file that it is from."""

    file: str
    template: "Template"


def read_template(root: Path | None, file: str) -> PromptTemplate | None:
    """The template at `file`, which is relative to `root`; None where none is set.

    Raises `bad-template` (exit 2) when it is not there, is no template, or has a name that there is not.
    """
    if not file:
        return None
    from jinja2 import StrictUndefined, TemplateError, meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # The prompt is Markdown, and no page: nothing is escaped.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        text = ((root or Path()) / file).read_text(encoding="utf-8")
        names = meta.find_undeclared_variables(environment.parse(text))
        template = environment.from_string(text)
    except (OSError, UnicodeDecodeError, TemplateError) as error:
        number = getattr(error, "lineno", None)
        line = f" in line {number}" if number else ""
        why = getattr(error, "strerror", None) or str(error)
        raise _bad(file, f"cannot be read{line}: {why}") from error
    known = ("prompt", *_SECTIONS, *_FACTS)
    if unknown := sorted(names.difference(known)):
        raise _bad(file, f"has no value for {', '.join(unknown)}", f"It can have {', '.join(known)}.")
    if names.isdisjoint(_WHOLE):
        raise _bad(file, "does not say what the task is", "Write {{ prompt }} or {{ work }} into it.")
    return PromptTemplate(file=file, template=template)


def wrapped_prompt(brief: Brief, template: PromptTemplate | None, facts: Mapping[str, str]) -> str:
    """The prompt as the agent gets it; `facts` are `base` and `level`. Raises `bad-template` (exit 2)."""
    text = whole_prompt(brief)
    if template is None:
        return text
    unit = brief.unit
    wave = unit.task.wave if unit.subtask is None else unit.subtask.wave
    values = {
        "prompt": text,
        **sections(brief),
        "id": unit.id,
        "title": unit.title,
        "task": unit.task.id,
        "subtask": unit.id if unit.subtask is not None else "",
        "branch": unit.branch,
        "wave": wave,
        "check": brief.check,
        "rework": brief.clash is not None,
        "modifies": unit.task.modifies if unit.subtask is None else unit.subtask.modifies,
        **facts,
    }
    try:
        return template.template.render(values)
    except Exception as error:  # whatever an expression may raise
        raise _bad(template.file, f"cannot be filled in: {str(error).rstrip('.')}") from error


def _bad(file: str, what: str, hint: str = "See `prompt` in `gitcoord help running`.") -> GitcoordError:
    return usage_error("bad-template", f"The template {file} {what}.", hint)
