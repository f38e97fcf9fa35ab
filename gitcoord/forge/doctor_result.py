"""The result of one check of `doctor`: a sentence about one thing that landing needs, and a hint."""

from typing import Literal

import msgspec

Verdict = Literal["ok", "warning", "failed"]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check; `failed` means that landing would fail."""

    name: str
    verdict: Verdict
    message: str
    hint: str = ""


def fine(name: str, message: str) -> Diagnosis:
    """Returns the result for something that works."""
    return Diagnosis(name=name, verdict="ok", message=message)


def doubtful(name: str, message: str, hint: str) -> Diagnosis:
    """Returns the result for something that works with a limitation."""
    return Diagnosis(name=name, verdict="warning", message=message, hint=hint)


def broken(name: str, message: str, hint: str) -> Diagnosis:
    """Returns the result for something that makes landing fail."""
    return Diagnosis(name=name, verdict="failed", message=message, hint=hint)
