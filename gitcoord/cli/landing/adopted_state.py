"""Finds the state of adopted heads for commands that show a plan or its journal."""

from typing import TYPE_CHECKING

from gitcoord.adoption.adopt import adopted_bases, adopted_store
from gitcoord.errors import GitcoordError, usage_error
from gitcoord.text_lists import some

if TYPE_CHECKING:
    from gitcoord.cli.context import Context


def choose_state(context: "Context", *, adopted: bool, base: str | None) -> None:
    """Switches `context.store` to the adopted heads if requested, or if there are some and no plan is saved.

    `base` is the branch that the heads land on. The caller has fetched the shared refs. Raises `usage` or
    `no-plan` (exit 2).
    """
    if base is not None and not adopted:
        raise usage_error("usage", "--base needs --adopted.", "Add --adopted, or leave it out.")
    bases = adopted_bases(context.store)
    if not adopted and (not bases or context.store.plan() is not None):
        return
    chosen = base or (bases[0] if len(bases) == 1 else _usual(context, bases))
    if chosen not in bases:
        known = f"Heads were adopted onto {some(bases)}." if bases else "`gitcoord land` adopts them."
        onto = f" onto {base}" if base else ""
        raise usage_error("no-plan", f"No pull requests or branches were adopted{onto}.", known)
    context.store = adopted_store(context.store, chosen)


def _usual(context: "Context", bases: list[str]) -> str:
    """Returns the default base. Raises `usage` (exit 2) if heads were adopted, but none onto that base."""
    try:
        usual = context.base()
    except GitcoordError:
        usual = ""
    if bases and usual not in bases:
        raise usage_error(
            "usage",
            f"Heads were adopted onto several branches: {some(bases)}.",
            "Choose one: `--adopted --base BRANCH`.",
        )
    return usual
