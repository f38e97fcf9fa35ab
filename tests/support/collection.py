"""What xdist's workers need not do as often as there are workers, or as garbage collection would."""

import gc
import sys
from importlib import import_module
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent.parent


def keep_bytecode() -> None:
    """Has this process keep what it compiles, whatever the caller's environment says."""
    sys.dont_write_bytecode = False


def import_in_turn(config: pytest.Config) -> None:
    """Imports all test modules, in each worker from another one on: what one has compiled the others read.

    Every worker collects every test. On a clean checkout all would compile the same module at the same time.
    """
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    names = sorted(
        ".".join(path.relative_to(_TESTS.parent).with_suffix("").parts) for path in _TESTS.rglob("test_*.py")
    )
    first = len(names) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for name in names[first:] + names[:first]:
        try:
            import_module(name)
        except (Exception, pytest.skip.Exception):
            continue  # collecting it says why


def spare_collected() -> None:
    """Keeps what was collected out of later garbage collections: it stays until the end."""
    gc.collect()
    gc.freeze()
