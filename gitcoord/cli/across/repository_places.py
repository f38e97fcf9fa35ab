"""Finds the repositories of `[repositories]`: a clone that the settings name, or a cached clone of a URL."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gitcoord.cli.across.home_engines import use_engines_of
from gitcoord.cli.context import Context
from gitcoord.errors import GitcoordError, in_repository, usage_error
from gitcoord.git.credentials import git_auth_environment
from gitcoord.git.git_cli import Git
from gitcoord.git.github_remotes import parse_address
from gitcoord.git.locate_repository import locate
from gitcoord.settings import RepositorySettings
from gitcoord.settings_file import find_settings, read_settings

ADDRESSES = "GITCOORD_REPOSITORIES"
"""The variable with places that replace those of the settings: `api=URL web=URL`."""
_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_APP = ("GITCOORD_APP_ID", "GITCOORD_APP_PRIVATE_KEY", "GITCOORD_APP_PRIVATE_KEY_FILE")


def open_member(home: Context, name: str, given: str | RepositorySettings) -> Context:
    """Opens the repository that the settings call `name`, with its own settings file.

    Settings in [repositories.NAME] override that file. Clones a URL into the user's cache when it is first
    needed. Raises `repository-missing`, `bad-settings`, or `no-token` if the variable for its token is not
    set (all with exit code 2).
    """
    setting = RepositorySettings(at=given) if isinstance(given, str) else given
    setting = msgspec.structs.replace(setting, at=_addresses().get(name, setting.at))
    environ = _environment(home, name, setting)
    directory = _directory(home, name, setting, environ)
    try:
        place = locate(directory)
    except GitcoordError as error:
        if error.code not in ("no-repository", "no-directory"):
            raise
        raise _missing(name, directory) from error
    if directory.resolve() not in (place.root, place.common_dir.resolve()):
        raise _missing(name, directory)
    with in_repository(name):
        file = find_settings(place.root)
        own = read_settings(file)
    settings = msgspec.structs.replace(own, repositories={}, **_overrides(setting))
    rules = settings.rules
    member = Context(place.open(settings.remote, rules.union, environ, rules.regenerate), settings, environ)
    member.name = name
    use_engines_of(home.settings, home.repository.root, member, file)
    return member


def _addresses() -> dict[str, str]:
    """Returns the places in the variable `GITCOORD_REPOSITORIES`, by name. Raises `usage` (exit 2)."""
    found = {}
    for text in os.environ.get(ADDRESSES, "").split():
        name, found_one, at = text.partition("=")
        if not (name and found_one and at) or at.startswith("-"):
            raise usage_error("usage", f"{ADDRESSES} has {text!r}, which is not NAME=URL.", "")
        found[name] = at
    return found


def _overrides(setting: RepositorySettings) -> dict[str, str]:
    named = {"base": setting.base, "method": setting.method, "forge": setting.forge}
    named |= {"repository": setting.repository, "strategy": setting.strategy}
    return {key: value for key, value in named.items() if value is not None}


def _environment(home: Context, name: str, setting: RepositorySettings) -> Mapping[str, str]:
    """Returns the environment with the repository's own token instead of all others. Raises `no-token`.

    If the settings give it no token, keeps the usual tokens, and removes those of other repositories.
    """
    tables = home.settings.repositories.values()
    named = {given.token for given in tables if isinstance(given, RepositorySettings) and given.token}
    if not setting.token:
        return {key: value for key, value in os.environ.items() if key not in named - {*_TOKENS, *_APP}}
    token = os.environ.get(setting.token, "").strip()
    if not token:
        raise usage_error(
            "no-token",
            f"The repository {name} takes its token from {setting.token}, which is not set.",
            f"Set {setting.token}, or remove `token` from [repositories.{name}].",
        )
    kept = {key: value for key, value in os.environ.items() if key not in {*_TOKENS, *_APP, *named}}
    return {**kept, "GH_TOKEN": token, "GH_ENTERPRISE_TOKEN": token}


def _directory(home: Context, name: str, setting: RepositorySettings, environ: Mapping[str, str]) -> Path:
    top = home.repository.root or home.repository.common_dir
    path = Path(setting.at).expanduser()
    if not is_url(setting.at):
        # Links are not followed here, because `locate` follows them.
        return Path(os.path.normpath(top / path))
    address = parse_address(setting.at)
    if address is not None and address.has_login:
        raise usage_error(
            "bad-settings",
            f"The URL of the repository {name} contains a login.",
            f'Remove the login, and name a variable: [repositories.{name}] token = "NAME".',
        )
    kept = kept_clone(home, name, setting.at)
    if not kept.exists():
        with in_repository(name):
            _clone(setting.at, kept, environ)
    return kept


def is_kept(given: str | RepositorySettings) -> bool:
    """Whether the settings give a URL, of which gitcoord keeps a clone in the user's cache."""
    return is_url(given if isinstance(given, str) else given.at)


def follow_remote(context: Context) -> bool:
    """Fast-forwards the checked-out branch of a cached clone to the remote's tip; returns whether it moved.

    This updates the settings file, which gitcoord reads in the clone. Does nothing if local commits or
    changed files prevent it.
    """
    git, branch = context.repository.git, context.repository.current_branch()
    tip = context.shared.branch(branch) if branch else None
    if tip is None or git.probe("rev-parse", "HEAD") == tip:
        return False
    return git.run("merge", "--quiet", "--ff-only", tip, ok=()).code == 0


def is_url(at: str) -> bool:
    """Whether `at` is a URL and not a directory."""
    return "://" in at or (":" in at.split("/", 1)[0] and not Path(at).exists())


def kept_clone(home: Context, name: str, url: str) -> Path:
    """Returns the directory of a URL's clone in the cache; the clone may be deleted at any time."""
    import hashlib

    words = f"{url}\0{home.repository.common_dir}".encode("utf-8", "surrogateescape")
    above = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    digest = hashlib.sha256(words).hexdigest()[:12]
    return Path(above).expanduser() / "gitcoord" / "repositories" / f"{name}-{digest}"


def _clone(url: str, kept: Path, environ: Mapping[str, str]) -> None:
    """Clones into a temporary directory and renames it, so a kill leaves no partial clone."""
    import shutil
    import tempfile

    kept.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=kept.parent, prefix=f".{kept.name}-"))
    try:
        git = Git(kept.parent).with_environment(git_auth_environment(url, environ))
        git.run("clone", "--quiet", "--", url, str(aside))
        if not kept.exists():
            aside.rename(kept)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _missing(name: str, directory: Path) -> GitcoordError:
    return usage_error(
        "repository-missing",
        f"The repository {name} is not at {directory}.",
        f"Clone it there, or set its path: [repositories] {name} = … (gitcoord clones a URL into a cache).",
    )
