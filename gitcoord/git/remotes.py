"""The remotes of a repository, and the one URL through which gitcoord reads and writes.

Git may fetch from one URL and push to another (`remote.NAME.pushurl`, `url.….pushInsteadOf`). If state were
written to one and read from the other, it would never be found. So gitcoord uses the push URL for both.
"""

import re

import msgspec

from gitcoord.git.git_cli import Git

_LINE = r"(?P<name>[^\t]+)\t(?P<url>.*) \((?P<way>fetch|push)\)(?: \[[^\]]*\])?"


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """A remote with the URLs that git uses, after all rewriting."""

    name: str
    fetch_url: str = ""
    push_urls: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The URL for reading and writing: the first to which git pushes."""
        return self.push_urls[0] if self.push_urls else self.fetch_url

    @property
    def others(self) -> tuple[str, ...]:
        """Other URLs that git uses for this remote, and gitcoord does not."""
        urls = dict.fromkeys((self.fetch_url, *self.push_urls))
        return tuple(url for url in urls if url and url != self.url)


def read_remotes(git: Git) -> dict[str, Remote]:
    """Returns every remote by its name, with one process."""
    remotes: dict[str, Remote] = {}
    for line in git.lines("remote", "--verbose"):
        match = re.fullmatch(_LINE, line)
        name = match["name"] if match else line.partition("\t")[0]
        known = remotes.get(name, Remote(name=name))
        if match is None:
            remotes[name] = known  # A remote without a URL.
        elif match["way"] == "fetch":
            remotes[name] = msgspec.structs.replace(known, fetch_url=match["url"])
        else:
            remotes[name] = msgspec.structs.replace(known, push_urls=(*known.push_urls, match["url"]))
    return remotes


def address_of(remote: Remote, names: set[str]) -> tuple[str, list[tuple[str, str]]]:
    """Returns the name of the remote for git's command line, and the configuration that this name needs.

    A name, not the URL: a URL may contain a login, which must not be on a command line.
    """
    if not remote.others:
        return remote.name, []
    address = f"gitcoord-{remote.name}"
    while address in names:
        address = f"gitcoord-{address}"
    return address, [(f"remote.{address}.url", remote.url)]


def without_login(url: str) -> str:
    """Returns an HTTP or HTTPS URL without user and password, and any other URL unchanged."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
