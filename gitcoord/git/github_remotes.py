"""Recognizes GitHub remotes, and finds their API and token. Uses neither the network nor git.

The forge and git's credentials share these rules, so both send a token to the same hosts.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

GITHUB = "github.com"
_PUBLIC_API = "https://api.github.com"
_SCP_LIKE = r"(?s)(?:[^/@:\s]+@)?(?P<host>\[[0-9a-fA-F:]+\]|[^/:@\s]{2,}):(?!//)(?P<path>.+)"
# In the order in which the `gh` program looks for them.
_OWN_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
_ENTERPRISE_TOKENS = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", *_OWN_TOKENS)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a remote's URL: `host` is in lower case without a port, `path` without a leading slash."""

    scheme: Literal["http", "https", "ssh", "git"]
    host: str
    port: int | None
    path: str
    has_login: bool = False

    @property
    def authority(self) -> str:
        """Host and port as in a URL."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


def parse_address(url: str) -> Address | None:
    """Parses a URL over HTTP, HTTPS, SSH or git's protocol; None for anything else, such as a path."""
    url = url.strip()
    if "://" in url:
        return _parse_url(url)
    match = re.fullmatch(_SCP_LIKE, url)
    if match is None:
        return None
    return Address(scheme="ssh", host=match["host"].lower(), port=None, path=match["path"].lstrip("/"))


def remote_identity(url: str) -> str:
    """Returns a text that is the same for all URLs of one repository: `HOST/PATH`; a path becomes absolute.

    Omits login and port. Ignores the case of the path on github.com only: other hosts may distinguish it.
    """
    address = parse_address(url)
    if address is None:
        path = unquote(url.removeprefix("file://")) if url.startswith("file://") else url
        return str(Path(path).expanduser().resolve())
    path = address.path.strip("/").removesuffix(".git")
    return f"{address.host}/{path.lower() if address.host == GITHUB else path}"


def _parse_url(url: str) -> Address | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower().removeprefix("git+")
    if scheme not in ("http", "https", "ssh", "git") or not host:
        return None
    default = {"http": 80, "https": 443, "ssh": 22, "git": 9418}[scheme]
    shown = f"[{host}]" if ":" in host else host
    return Address(
        scheme=scheme,  # type: ignore[arg-type]
        host=shown,
        port=None if port == default else port,
        path=parts.path.lstrip("/"),
        # `git@` is normal in an SSH URL; in an HTTP URL a user is a credential.
        has_login=parts.username is not None and scheme in ("http", "https"),
    )


def is_github(address: Address, environ: Mapping[str, str]) -> bool:
    """Whether pull requests for this remote live on GitHub.

    GitHub is github.com, *.ghe.com, the host in GH_HOST, and those of GITHUB_SERVER_URL and GITHUB_API_URL.
    """
    if address.host in (GITHUB, "www.github.com", "ssh.github.com") or address.host.endswith(".ghe.com"):
        return True
    named = environ.get("GH_HOST", "").strip().lower()
    if named and named in (address.host, address.authority):
        return True
    return any(_same_place(address, own) for own in _own_addresses(environ))


def may_carry_token(address: Address, environ: Mapping[str, str]) -> bool:
    """Whether a token may be sent there: over HTTPS, or to an http address that the environment names."""
    if address.scheme == "https":
        return True
    plain = [own for own in _own_addresses(environ) if own.scheme == "http"]
    return address.scheme == "http" and any(_same_place(address, own) for own in plain)


def api_url(address: Address | None, environ: Mapping[str, str]) -> str:
    """Returns the root of the REST API for a remote: GITHUB_API_URL, or the API of the remote's host.

    GITHUB_API_URL does not count if it is github.com's and the remote is elsewhere.
    """
    given = environ.get("GITHUB_API_URL", "").strip().rstrip("/")
    host = GITHUB if address is None else _web_host(address.host)
    if given and (given != _PUBLIC_API or host == GITHUB):
        return given
    if host == GITHUB:
        return _PUBLIC_API
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    authority = host if address is None or address.scheme == "ssh" else address.authority
    return f"https://{authority}/api/v3"


def find_token(host: str, environ: Mapping[str, str]) -> str | None:
    """Returns the token for a host from the environment; None if there is none."""
    own = _web_host(host) == GITHUB or host.endswith(".ghe.com")
    names = _OWN_TOKENS if own else _ENTERPRISE_TOKENS
    return next((token for name in names if (token := environ.get(name, "").strip())), None)


def _own_addresses(environ: Mapping[str, str]) -> list[Address]:
    urls = (environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_API_URL"))
    return [address for url in urls if (address := parse_address(url)) is not None]


def _same_place(address: Address, own: Address) -> bool:
    if address.scheme in ("http", "https"):
        return (address.host, address.port) == (own.host, own.port)
    return address.host == own.host


def _web_host(host: str) -> str:
    return GITHUB if host in ("www.github.com", "ssh.github.com", "api.github.com") else host
