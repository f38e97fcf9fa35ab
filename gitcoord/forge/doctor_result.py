"""What an examination found: one sentence about one thing that landing needs, with the way out."""

from typing import Literal

import msgspec

Verdict = Literal["ok", "warning", "failed"]


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One finding; `failed` means that landing would fail."""

    name: str
    verdict: Verdict
    message: str
    hint: str = ""


def fine(name: str, message: str) -> Diagnosis:
    """It works."""
    return Diagnosis(name=name, verdict="ok", message=message)


def doubtful(name: str, message: str, hint: str) -> Diagnosis:
    """It works, but not as well as it could."""
    return Diagnosis(name=name, verdict="warning", message=message, hint=hint)


def broken(name: str, message: str, hint: str) -> Diagnosis:
    """Landing would fail on it."""
    return Diagnosis(name=name, verdict="failed", message=message, hint=hint)
