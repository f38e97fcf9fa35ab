"""Writes commits with git: gitcoord's own, signed if the user signs, and synthetic ones for merges."""

from collections.abc import Mapping, Sequence

from gitcoord.git.git_cli import Git, Oid


def commit_tree(
    git: Git,
    tree: Oid,
    parents: Sequence[Oid],
    message: str,
    *,
    environment: Mapping[str, str] | None = None,
    sign: bool = False,
) -> Oid:
    """Writes a commit and returns its id. `environment` may set author, committer and dates.

    With `sign`, git signs it as `gpg.format` and `user.signingKey` say.
    """
    options = [option for parent in parents for option in ("-p", parent)]
    options += ["-S"] if sign else []
    text = message_bytes(message.replace("\0", " "))
    ended = git.run("commit-tree", *options, tree, "-F", "-", input=text, environment=environment)
    return ended.text


def fixed_author(date: str = "2000-01-01T00:00:00Z") -> dict[str, str]:
    """Returns the environment for commits whose ids depend neither on the user nor on the current time."""
    who = (("NAME", "gitcoord"), ("EMAIL", "gitcoord@localhost"), ("DATE", date))
    return {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who}


def commit_to_merge_with(git: Git, tree: Oid, parents: Sequence[Oid]) -> Oid:
    """Makes a synthetic commit to merge with; its id does not depend on the time. Cached with merges."""
    key = (tree, *parents)
    known = git.made.get(key) if git.made is not None else None
    made = known or commit_tree(git, tree, parents, "Made to merge with", environment=fixed_author())
    if git.made is not None:
        git.made[key] = made
    return made


def message_bytes(message: str) -> bytes:
    """Encodes a commit message for git; keeps bytes of names that are not UTF-8."""
    try:
        return message.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # A lone surrogate that stands for no byte of a file name.
        return message.encode("utf-8", "replace")
