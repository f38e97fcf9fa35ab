"""Credentials for git over HTTPS: handed over in the environment, never in argv or configuration files."""

import os
from collections.abc import Mapping


def git_auth_environment(remote_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment that lets git authenticate to `remote_url`; {} when it needs none."""
    return {}
