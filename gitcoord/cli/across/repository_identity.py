"""Identifies repositories, and makes the errors for those that do not belong to the plan."""

from gitcoord.cli.context import Context
from gitcoord.errors import GitcoordError, usage_error
from gitcoord.git.github_remotes import remote_identity
from gitcoord.planning.model import Plan
from gitcoord.redact import redact


def identities(context: Context) -> list[str]:
    """Returns the texts that identify the repository: its git directory, and its remote if it has one."""
    repository = context.repository
    found = [str(repository.common_dir.resolve())]
    return [*found, remote_identity(repository.remote_url)] if repository.remote_url else found


def same_repository(name: str, other: str, identity: str) -> GitcoordError:
    """Returns the error for one repository under two names."""
    return usage_error(
        "same-repository",
        f"The repositories {name} and {other} are the same: {identity}.",
        "Name each repository once under [repositories].",
    )


def other_name(name: str, saved: str, context: Context) -> GitcoordError:
    """Returns the error for a repository whose name in the saved plan now stands for another repository."""
    where = redact(context.repository.remote_url or str(context.repository.common_dir))
    return usage_error(
        "same-repository",
        f"The repository {name} ({where}) is {saved} in the saved plan.",
        "Name each repository once under [repositories], as when the plan was saved.",
    )


def no_part(name: str, plan: Plan | None) -> GitcoordError:
    """Returns the error for a repository that has no part of the plan, or has another plan."""
    if plan is None:
        return usage_error(
            "no-plan", f"The repository {name} has no part of the plan.", "Run `gitcoord plan` again."
        )
    return usage_error(
        "repository-planned",
        f"The repository {name} has its own plan, or a part of another plan.",
        "Finish that plan first, or give the plans different `state-prefix`es.",
    )
