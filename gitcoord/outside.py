"""A change outside an agent's checkout while the agent ran, and its description."""

from typing import Literal

import msgspec

OutsideKind = Literal[
    "file", "checked-out", "worktree", "branch", "tag", "stash", "hook", "configuration", "pushed", "command"
]


class OutsideChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change outside an attempt's checkout between its start and its end.

    `name` is the path of a file in the worktree `place`, the old and new branch checked out there, a ref's
    short name, the message of a deleted stash entry, a file in git's directory, a configuration key, or the
    git command that ran in `place`. `was` is the earlier commit of a ref or stash entry. `by_agent`: git's
    event trace shows that the attempt's own processes made the change; otherwise it is not known who did.
    """

    kind: OutsideKind
    name: str
    place: str = ""
    was: str = ""
    by_agent: bool = False

    def words(self) -> str:
        """Describes the change, as a part of a sentence."""
        was = f" (was at {self.was[:12]})" if self.was else ""
        match self.kind:
            case "file":
                return f"{self.name} in {self.place}"
            case "checked-out":
                return f"the branch or commit checked out in {self.place} ({self.name}){was}"
            case "worktree":
                return f"the worktree {self.place}, which is gone"
            case "stash":
                return f"stash entry {self.name!r}, which is gone (`git stash store {self.was}` restores it)"
            case "hook" | "configuration":
                return f"{self.name} of the repository"
            case "pushed":
                return f"{self.name} of the remote, by a push{was}"
            case "command":
                return f"whatever `git {self.name}` changes in {self.place}"
            case _:
                return f"the {self.kind} {self.name}{was}"
