"""Tests of engines that take long: they run where the environment asks, as `ENGINES=kubernetes,slurm`."""

import os

import pytest


def asked_for(name: str) -> pytest.MarkDecorator:
    """Skips a test unless the engine was asked for."""
    asked = os.environ.get("ENGINES", "").split(",")
    return pytest.mark.skipif(name not in asked, reason=f"it takes long: ENGINES={name} runs it")
