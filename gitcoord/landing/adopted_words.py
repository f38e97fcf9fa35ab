"""Words the reasons for which adopted heads wait, where these differ from those of tasks."""

from gitcoord.planning.model import Plan


def rewritten_words(plan: Plan, branch: str) -> str:
    """Returns why a branch waits if it no longer contains its submitted commits."""
    if plan.adopted:
        return (
            f"{branch} was rewritten while it was landing; run the same command again to land the new commits"
        )
    return f"{branch} was rewritten after it was submitted; submit it again"


def fork_words(branch: str, base: str) -> str:
    """Returns why a fork's head waits for its owner to merge the base."""
    return f"gitcoord does not push to forks: the owner of {branch} must merge {base} into it first"
