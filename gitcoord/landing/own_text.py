"""Recognizes gitcoord's own part of a pull request's text by its last line."""

import re

from gitcoord.forge.pull_requests import Pull

OWN_END = re.compile(r"<!-- gitcoord (?P<tasks>[0-9a-f]{16}) (?P<title>[0-9a-f]{16}|-) -->")


def is_own(pull: Pull) -> bool:
    """Whether gitcoord opened the pull request: whether its text has gitcoord's marker.

    Ask before gitcoord edits the text: the edit adds the marker to other people's pull requests, too.
    """
    return OWN_END.search(pull.body) is not None
