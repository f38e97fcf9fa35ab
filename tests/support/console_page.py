"""Follows a page as a reader would: writes its files, runs its commands, compares what they print.

A fence with `title="PATH"` is a file, a `console` fence has commands after `$ ` and what they print. A line
`…` stands for any lines. Commit ids, times, durations and workers' names differ from run to run.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.cli import environment
from tests.support.forked_command import command_directory

_FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_VARIES = (
    (re.compile(r"\b[0-9a-f]{12}\b|\b[0-9a-f]{7}\b"), "COMMIT"),
    (re.compile(r"\b[\d-]{10} (?=\d\d:\d\d:\d\d)"), ""),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "N s"),
    (re.compile(r"\b[\w.-]+@[\w.-]+\b"), "WORKER"),
    (re.compile(r"(pull request |#)\d+"), r"\1N"),
    (re.compile(r" {2,}"), "  "),
)
_END = "-- end of the command --"


class ConsoleStep(NamedTuple):
    """A file to write, or a command to run and what it should print."""

    path: str
    command: str
    text: str


def steps_of(page: str) -> Iterator[ConsoleStep]:
    """What a page has its reader do, in order."""
    for language, path, text in _FENCE.findall(page):
        if path:
            yield ConsoleStep(path, "", text)
        elif language == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, printed = part.partition("\n")
                yield ConsoleStep("", command, printed)


def follow(page: str, directory: Path) -> list[tuple[str, str, str]]:
    """Every command, what it should print and what it printed; one shell runs all, begun in `directory`."""
    script = ["set -o pipefail"]
    steps = list(steps_of(page))
    for step in steps:
        if step.path:
            words = f"cat > '{step.path}' <<'END-OF-FILE'\n{step.text}END-OF-FILE"
            script += [f"mkdir -p \"$(dirname '{step.path}')\"", words]
        else:
            script += [f"{{ {step.command}\n}} 2>&1", f"echo '{_END}'"]
    paths = f"{command_directory()}:{environment()['PATH']}"
    ended = subprocess.run(
        ["bash"],
        input="\n".join(script).encode(),
        cwd=directory,
        env=environment({"PATH": paths, "COLUMNS": "80"}),
        capture_output=True,
    )
    printed = ended.stdout.decode().split(f"{_END}\n")
    told = [step for step in steps if step.command]
    assert len(printed) == len(told) + 1, ended.stderr.decode()
    return [(step.command, step.text, text) for step, text in zip(told, printed, strict=False)]


def matches(wanted: str, printed: str) -> bool:
    """Whether a command printed what the page says."""
    parts = [re.escape(_steady(part)) for part in re.split(r"^…\n", wanted, flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*?".join(parts), _steady(printed)) is not None


def _steady(text: str) -> str:
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
