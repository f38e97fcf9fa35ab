"""The time and the name of the worker, as events have them."""

import os
import pwd
from collections.abc import Mapping
from datetime import UTC, datetime


def now() -> str:
    """Returns the current time for an event: UTC, ISO 8601, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def worker_name(environ: Mapping[str, str] = os.environ) -> str:
    """Returns the name of the worker: `GITCOORD_WORKER`, else USER@HOST."""
    named = environ.get("GITCOORD_WORKER", "").strip()
    user = environ.get("USER") or environ.get("LOGNAME") or _user_name()
    return named or f"{user}@{os.uname().nodename}"


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())  # a container's user without a name
