"""Gitcoord's own part of a pull request's text, by the line that ends it."""

import re

from gitcoord.forge.pull_requests import Pull

OWN_END = re.compile(r"<!-- gitcoord (?P<tasks>[0-9a-f]{16}) (?P<title>[0-9a-f]{16}|-) -->")


def is_own(pull: Pull) -> bool:
    """Whether gitcoord opened the pull request, as far as its text tells before gitcoord edits it."""
    return OWN_END.search(pull.body) is not None
