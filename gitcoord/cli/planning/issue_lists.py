"""Reads GitHub issues as a task list."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitcoord.cli.context import Context


def issue_reader(context: "Context | None") -> Callable[[str], bytes] | None:
    """Returns a function that reads the issues for a filter; None without a repository."""
    if context is None:
        return None
    url, named = context.repository.remote_url, context.settings.repository

    def read(text: str) -> bytes:
        from gitcoord.cli.views.countdown import count_down
        from gitcoord.errors import usage_error
        from gitcoord.forge.github.issues import issue_document, open_issues
        from gitcoord.tasks.sources.github_issues import numbers_named, parse_issues
        from gitcoord.tasks.sources.issue_filter import parse_filter

        wanted = parse_filter(text)
        issues = open_issues(url=url, repository=named, environ=os.environ, tell=count_down)
        found = issues.read(wanted.labels, wanted.milestone)
        if not found:
            raise usage_error(
                "no-task-list",
                f"No issue of {issues.full_name} matches {text}.",
                "An issue must have all of the labels, and the milestone.",
            )
        known = issue_document(issues.full_name, found, {}, ())
        others = issues.open_ones(numbers_named(parse_issues(known)))
        return issue_document(issues.full_name, found, others, issues.unread)

    return read
