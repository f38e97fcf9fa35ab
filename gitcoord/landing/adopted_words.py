"""What is said of heads that are other people's."""

from gitcoord.planning.model import Plan


def rewritten_words(plan: Plan, branch: str) -> str:
    """Why work waits whose branch lacks the commits that were taken for it."""
    if plan.adopted:
        return f"{branch} was rewritten while it was landing; run the same command again to land it so"
    return f"{branch} was rewritten after it was submitted; submit it again"


def fork_words(branch: str, base: str) -> str:
    """Why a head in a fork waits that has to have the base merged in."""
    return (
        f"it has to have {base} merged in first, and gitcoord does not push to forks: "
        f"whoever owns {branch} merges {base} into it"
    )
