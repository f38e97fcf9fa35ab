"""Where GitHub has been seen to do one thing and the other: a switch for each, its default first.

`tests/forge/test_github_habits.py` runs the client through every value of every switch.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass
class Habits:
    """How one repository of the emulator behaves where there is no telling beforehand."""

    draft_state: Literal["draft", "clean", "blocked"] = "draft"
    """What a draft's `mergeable_state` is."""
    closed_state: Literal["unknown", "dirty"] = "unknown"
    """How a pull request that is not open reads: null and `unknown`, or false and `dirty`."""
    computing: Literal["null", "false"] = "null"
    """What `mergeable` is while it is being found out: a stale false has been seen in place of null."""
    unknown_sentence: Literal["base modified", "not mergeable"] = "base modified"
    """What a merge is told while mergeability is being found out."""
    merge_when_unknown: Literal["refuses", "finds out"] = "refuses"
    """What a merge does while mergeability is being found out: it may find it out itself."""
    merged_sentence: Literal["not mergeable", "closed"] = "not mergeable"
    """What a merge of something that is merged or closed already is told."""
    outdated_status: Literal[405, 409] = 405
    """The status of "Head branch is out of date"."""
    missing_ref: Literal[422, 404] = 422
    """The status of deleting or moving a ref that is not there."""
    unknown_commit: Literal[422, 500] = 422
    """The status of pointing a ref at a commit that is not there."""
    update_when_current: Literal["refused", "empty merge"] = "refused"
    """What updating a branch does that has everything of its base."""
    forbidden_status: Literal[403, 404] = 403
    """The status of what the token may not do: private repositories hide it."""
    merge_settings: Literal["always", "with push"] = "always"
    """Whom a repository tells which merge methods it allows."""
    fine_grained_graphql: Literal["works", "forbidden"] = "works"
    """Whether GraphQL takes fine-grained tokens: at first it did not."""
    queue_when_behind: Literal["takes", "refuses"] = "takes"
    """What the merge queue does with a pull request that is behind a base which demands the opposite."""
    dequeued_by: Literal["pull request", "entry"] = "pull request"
    """Whose id takes a pull request out of the merge queue."""
