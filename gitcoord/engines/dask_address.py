"""Addresses of Dask: `tcp://HOST:PORT`, or `tls://` where the connection is protected."""

import ipaddress
from urllib.parse import urlsplit

from gitcoord.errors import usage_error


def host_of(address: str) -> str:
    """Returns the host of an address."""
    return urlsplit(address).hostname or ""


def check_scheduler(address: str, *, unprotected: bool) -> None:
    """Raises `usage` (exit 2) for an invalid address, and for one of another machine without TLS, unless
    `unprotected`.

    Dask authenticates nobody: whoever reaches a scheduler without TLS can run programs on its workers.
    """
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or port is None:
        way_out = "Write it as `dask scheduler` prints it: tcp://10.0.0.5:8786."
        raise usage_error("usage", f"{address!r} is not the address of a Dask scheduler.", way_out)
    if parts.scheme == "tcp" and not unprotected and not _is_this_machine(parts.hostname):
        raise usage_error(
            "usage",
            f"{address} has no TLS: whoever reaches that scheduler can run programs on its workers.",
            "Use tls:// (https://distributed.dask.org/en/stable/tls.html), or set `unprotected = true` in "
            "[engines.dask] in a network of your own.",
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
