"""Named places in the server where a test may step in, to make true races."""

from collections import defaultdict
from collections.abc import Callable

from tests.support.github.model import Pull
from tests.support.github.repository import EmulatedRepository

Hook = Callable[[EmulatedRepository, Pull], None]
NAMES = ("before_merge_cas",)
"""`before_merge_cas`: a merge is decided and written, and its base has not moved yet."""


class Hooks:
    """What runs at which place; each hook runs once."""

    def __init__(self) -> None:
        self._hooks: defaultdict[str, list[Hook]] = defaultdict(list)

    def on(self, name: str, hook: Hook) -> None:
        """Steps in at a named place, the next time that it is passed."""
        assert name in NAMES, f"there is no hook named {name}"
        self._hooks[name].append(hook)

    def run(self, name: str, repository: EmulatedRepository, pull: Pull) -> None:
        """For the server: passes the place."""
        for hook in self._hooks.pop(name, []):
            hook(repository, pull)
