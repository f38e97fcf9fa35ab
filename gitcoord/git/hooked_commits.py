"""Makes commits with the repository's own hooks; returns the reason if that fails."""

from collections.abc import Mapping
from pathlib import Path

from gitcoord.git.failures import refusing_hook
from gitcoord.git.git_cli import Git
from gitcoord.git.object_quarantine import scratch_directory


def commit_with_hooks(
    git: Git, *options: str, message: bytes = b"", environment: Mapping[str, str] | None = None
) -> str:
    """Commits the index; returns an empty string, or why that failed: a hook that refused, or git itself."""
    with scratch_directory() as scratch:
        trace = Path(scratch, "trace")
        added = {**(environment or {}), "GIT_TRACE2_EVENT": str(trace)}
        ended = git.run("commit", "--quiet", *options, input=message, environment=added, ok=(), hooks=True)
        if ended.code == 0:
            return ""
        hook = refusing_hook(trace) if trace.exists() else None
    if hook is None:
        return ended.reason
    name, code = hook
    return (
        f"the {name} hook says: {ended.hook_text}"
        if ended.hook_text
        else f"the {name} hook ended with code {code}"
    )
