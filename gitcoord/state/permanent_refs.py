"""Restores refs that gitcoord never deletes, if an agent that shares the repository deleted them.

Acts only without a remote: whoever deletes a ref from a remote does so on purpose.
"""

from typing import TYPE_CHECKING

from gitcoord.git.remote_refs import HEADS, SharedRefs

if TYPE_CHECKING:
    from collections.abc import Mapping

_LASTING = ("plan", "run", "tasks/", "pulls/", "generation/", "adopted/")


class LastingRefs:
    """The refs of plan, journal and base of one repository, at the last look."""

    def __init__(self, shared: SharedRefs, base: str) -> None:
        self._shared, self._base = shared, HEADS + base
        self._known: Mapping[str, str] = {}

    def put_back(self) -> tuple[str, ...]:
        """Restores the refs that were deleted since the last look; returns them."""
        shared = self._shared
        if shared.remote is not None:
            return ()
        now = shared.list("refs/")
        gone = {ref: oid for ref, oid in self._known.items() if ref not in now}
        # One by one, and only if the ref does not exist: another process may restore them, too.
        none = "0" * len(next(iter(gone.values()), ""))
        back = [
            ref for ref, oid in gone.items() if shared.git.run("update-ref", ref, oid, none, ok=()).code == 0
        ]
        if gone:
            shared.refresh()
            now = shared.list("refs/")
        wanted = tuple(shared.state_prefix + name for name in _LASTING)
        self._known = {ref: oid for ref, oid in now.items() if ref == self._base or ref.startswith(wanted)}
        return tuple(back)

    @property
    def base_tip(self) -> str:
        """The base's commit at the last look; empty with a remote."""
        return self._known.get(self._base, "")

    @property
    def lost(self) -> bool:
        """Whether the base or the plan is missing now."""
        first = [ref for ref in (self._base, f"{self._shared.state_prefix}plan") if ref in self._known]
        return self._shared.remote is None and any(self._shared.read(ref) is None for ref in first)
