"""Signs in to GitHub: with a token, as a GitHub App, or with the token of the `gh` program."""

import datetime
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import jwt
from github import Auth

from gitcoord.errors import GitcoordError, usage_error
from gitcoord.forge.github.api_types import InstallationAnswer, InstallationTokenAnswer
from gitcoord.forge.github.client import Accepted, Denied, Gateway, Renewable
from gitcoord.forge.github.transport import NoAnswer
from gitcoord.git.github_remotes import find_token
from gitcoord.redact import register_secret

APP_VARIABLE = "GITCOORD_APP_ID"
KEY_VARIABLE = "GITCOORD_APP_PRIVATE_KEY"
KEY_FILE_VARIABLE = "GITCOORD_APP_PRIVATE_KEY_FILE"
_MARGIN = 300.0
"""Tokens that expire within this many seconds are renewed; they are valid for an hour, and a run may take
longer."""
_ATTEMPTS = 3


class Installation(Renewable):
    """The token of a GitHub App's installation.

    Requests it when it is needed, and again before it expires.
    """

    def __init__(self, app: Gateway, full_name: str, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._full_name = full_name
        self._clock = clock
        self._number: int | None = None
        self._token: str | None = None
        self._expires = 0.0

    @property
    def token_type(self) -> str:
        """The type of the token in the header."""
        return "Bearer"

    @property
    def token(self) -> str:
        """A token that is valid for at least some minutes."""
        if self._token is None or self._expires - self._clock() < _MARGIN:
            fresh = self._fetch()
            expires = datetime.datetime.fromisoformat(fresh.expires_at.replace("Z", "+00:00"))
            register_secret(fresh.token)
            self._token, self._expires = fresh.token, expires.timestamp()
        return self._token

    def renew(self) -> None:
        """Discards the current token."""
        self._token = None

    def _fetch(self) -> InstallationTokenAnswer:
        if self._number is None:
            self._number = self._installed()
        path = f"/app/installations/{self._number}/access_tokens"
        for _ in range(_ATTEMPTS):
            # An unused token is harmless, so the request can be repeated after a lost answer.
            written = self._app.write("POST", path, {})
            if not isinstance(written, NoAnswer):
                break
        if isinstance(written, Accepted):
            return _token_in(written)
        said = written.text if isinstance(written, Denied) else written.message
        raise GitcoordError(
            "app-refused",
            f"GitHub gives the App no token for {self._full_name}: {said}.",
            hint="Check the App's permissions: contents and pull requests, each with write access.",
        )

    def _installed(self) -> int:
        path = f"/repos/{self._full_name}/installation"
        found = self._app.read_if_there(path, InstallationAnswer)
        if found is None:
            raise GitcoordError(
                "app-not-installed",
                f"The GitHub App is not installed on {self._full_name}.",
                hint="Install it there, or put a token into GITHUB_TOKEN instead of the App.",
            )
        return found.id


def _token_in(written: Accepted) -> InstallationTokenAnswer:
    import msgspec

    try:
        return msgspec.json.decode(written.body, type=InstallationTokenAnswer)
    except msgspec.DecodeError as error:
        raise GitcoordError("unexpected-answer", f"GitHub's token cannot be read: {error}.") from None


def sign_in(
    *, host: str, full_name: str, environ: Mapping[str, str], connect: Callable[[Auth.Auth], Gateway]
) -> Auth.Auth:
    """Returns the credentials: the App's, else the token in the environment, else that of `gh`.

    Raises `no-token`, and `no-app-key` or `bad-app-key` if the App's private key is missing or wrong.
    """
    app = environ.get(APP_VARIABLE, "").strip()
    if app:
        return Installation(connect(_app_auth(app, environ)), full_name)
    token = find_token(host, environ) or token_of_gh(host, environ)
    if token is None:
        raise GitcoordError(
            "no-token",
            f"There is no token for {host} in the environment.",
            hint=f"Put one into {_usual_variables(host)}, run `gh auth login`, or use `--forge local` to "
            "work without GitHub.",
        )
    register_secret(token)
    return Auth.Token(token)


def _usual_variables(host: str) -> str:
    is_public = host == "github.com" or host.endswith((".github.com", ".ghe.com"))
    return "GITHUB_TOKEN or GH_TOKEN" if is_public else "GH_ENTERPRISE_TOKEN or GITHUB_TOKEN"


def _app_auth(app: str, environ: Mapping[str, str]) -> Auth.AppAuth:
    auth = Auth.AppAuth(app, _private_key(environ))
    try:
        auth.create_jwt()
    except (jwt.PyJWTError, ValueError, TypeError):
        # Do not add the cause: it may quote the key.
        raise usage_error(
            "bad-app-key",
            f"The private key of the GitHub App {app} cannot be used: it is not an RSA key in PEM format.",
            f"Put the file that GitHub made for the App into {KEY_FILE_VARIABLE}, unchanged.",
        ) from None
    return auth


def _private_key(environ: Mapping[str, str]) -> str:
    text, file = environ.get(KEY_VARIABLE, "").strip(), environ.get(KEY_FILE_VARIABLE, "").strip()
    if text:
        # In a variable that holds only one line, line feeds are written as \n.
        return text.replace("\\n", "\n") + "\n"
    if not file:
        raise usage_error(
            "no-app-key",
            f"{APP_VARIABLE} is set, but the App's private key is not.",
            f"Put its path into {KEY_FILE_VARIABLE}, or the key itself into {KEY_VARIABLE}.",
        )
    try:
        return Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise usage_error("no-app-key", f"The private key {file} cannot be read: {reason}.") from None


def token_of_gh(host: str, environ: Mapping[str, str]) -> str | None:
    """Returns the token of the `gh` program, if it is installed and signed in."""
    argv = ["gh", "auth", "token", "--hostname", host]
    try:
        ended = subprocess.run(
            argv, capture_output=True, text=True, timeout=20, env=dict(environ), check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout.strip() or None if ended.returncode == 0 else None
