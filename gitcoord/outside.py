"""What changed outside of an agent's checkout while the agent ran: a value, and its words."""

from typing import Literal

import msgspec

OutsideKind = Literal[
    "file", "checked-out", "worktree", "branch", "tag", "stash", "hook", "configuration", "pushed", "command"
]


class OutsideChange(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changed outside of the checkout of an attempt between its beginning and its end.

    `name` is the path of a file in the worktree `place`, what was checked out there and is now, a ref's short
    name, the message of a stash entry that is gone, a file in git's directory, a key, or the git command that
    ran in `place`. `was` is the commit that a ref or a stash entry was at. `by_agent`: git's event trace says
    that the attempt's own processes did it; of the rest nobody knows who did it.
    """

    kind: OutsideKind
    name: str
    place: str = ""
    was: str = ""
    by_agent: bool = False

    def words(self) -> str:
        """What changed, as a part of a sentence."""
        was = f" (was at {self.was[:12]})" if self.was else ""
        match self.kind:
            case "file":
                return f"{self.name} in {self.place}"
            case "checked-out":
                return f"what is checked out in {self.place} ({self.name}){was}"
            case "worktree":
                return f"the worktree {self.place}, which is gone"
            case "stash":
                return f"stash entry {self.name!r}, which is gone (`git stash store {self.was}` puts it back)"
            case "hook" | "configuration":
                return f"{self.name} of the repository"
            case "pushed":
                return f"{self.name} of the remote, by a push{was}"
            case "command":
                return f"whatever `git {self.name}` changes in {self.place}"
            case _:
                return f"the {self.kind} {self.name}{was}"
