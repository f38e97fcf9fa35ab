"""Fills in the project's own prompt template with jinja2 in its sandbox; task texts are only data."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.worker.attempt.prompt import template_process
from gitcoord.worker.attempt.prompt.markdown import Brief, sections, whole_prompt
from gitcoord.worker.attempt.prompt.template_process import TemplateAnswer, TemplateRequest

_SECTIONS = ("heading", "conflict", "work", "siblings", "whole", "earlier", "others", "rules")
_FACTS = ("id", "title", "task", "subtask", "branch", "base", "level", "wave", "check", "rework", "modifies")
_LONGEST = 60.0
"""Seconds for the process; its limit of CPU time is lower."""
_WHOLE = ("prompt", "work")
"""A template needs one of these, or the agent would not get its task."""


class PromptTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template, and the file that it was read from."""

    file: str
    text: str


def read_template(root: Path | None, file: str) -> PromptTemplate | None:
    """Reads the template `file`, relative to `root`; None if none is set.

    Raises `bad-template` (exit 2) if it is missing, is not a template, uses an unknown name, or uses neither
    `prompt` nor `work`.
    """
    if not file:
        return None
    try:
        text = ((root or Path()) / file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(file, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    read = _asked(TemplateRequest(text=text))
    if read.problem:
        raise _bad(file, f"cannot be read{f' in line {read.line}' if read.line else ''}: {read.problem}")
    names, known = set(read.names), ("prompt", *_SECTIONS, *_FACTS)
    if unknown := sorted(names.difference(known)):
        raise _bad(
            file, f"uses unknown names: {', '.join(unknown)}", f"The known names are {', '.join(known)}."
        )
    if names.isdisjoint(_WHOLE):
        raise _bad(file, "does not say what the task is", "Write {{ prompt }} or {{ work }} into it.")
    return PromptTemplate(file=file, text=text)


def wrapped_prompt(brief: Brief, template: PromptTemplate | None, facts: Mapping[str, str]) -> str:
    """Makes the agent's prompt; `facts` are `base` and `level`. Raises `bad-template` (exit 2)."""
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
    filled = _asked(TemplateRequest(text=template.text, values=values))
    if filled.problem:
        raise _bad(template.file, f"cannot be filled in: {filled.problem.rstrip('.')}")
    return filled.text


def _asked(request: TemplateRequest) -> TemplateAnswer:
    """Sends the request to a separate process, whose time and memory are limited."""
    command = (sys.executable, "-P", "-m", template_process.__name__)
    try:
        ran = subprocess.run(
            command, input=msgspec.json.encode(request), capture_output=True, timeout=_LONGEST, check=False
        )
        return msgspec.json.decode(ran.stdout, type=TemplateAnswer)
    except (subprocess.TimeoutExpired, msgspec.DecodeError):
        limits = f"{template_process.CPU_SECONDS} s, or {template_process.MEMORY_BYTES >> 20} MB of memory"
        return TemplateAnswer(problem=f"it needs more than {limits}")


def _bad(file: str, what: str, hint: str = "See `prompt` in `gitcoord help running`.") -> GitcoordError:
    return usage_error("bad-template", f"The template {file} {what}.", hint)
