"""Takes secrets out of text: where it enters (git's errors, a forge's answers), and at every exit.

Known are the values of `SECRET_VARIABLES`, every secret that gitcoord signed in with (`keep_secret`), and
what looks like a credential: user information in URLs, GitHub tokens, keys of agents (`sk-ant-…`), private
keys, web tokens, `Authorization` headers and HTTP's `Basic` and `Bearer` credentials (RFC 7617, RFC 6750),
wherever a server or proxy quotes them. What a server, a proxy or a hook says may also name a secret in words
(`password=…`); only `redact_said` looks for those, because a task may well be called "token: refresh".
"""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
SECRET_VARIABLES = (
    *TOKEN_VARIABLES,
    *("GITLAB_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN", "BITBUCKET_TOKEN", "AZURE_DEVOPS_EXT_PAT"),
    # What a CI service gives a job for its own API.
    *("ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "CI_JOB_TOKEN", "SYSTEM_ACCESSTOKEN"),
)
"""Variables whose value opens a forge or a CI service."""
_SHORTEST = 4
_LONG = 100_000
# Patterns are compiled when a text needs them, which is seldom: compiling all would slow every start.
# Up to the last @ before the path: a password may hold one itself.
_USERINFO = r"://[^/\s'\"]+(?=@)"
_OF_GITHUB = r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,})"
_OF_AGENTS = r"\bsk-(?:ant|proj|svcacct|or)-[\w-]{16,}"
_PRIVATE_KEY = r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_OF_THE_WEB = r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
_AUTHORIZATION = (
    r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token|digest)\s+)"
    r"(?=[^\s\"',;]*[\d=+/_]|[^\s\"',;]{16})[^\s\"',;]+"
)
_BASIC = r"(?i)(\bbasic\s+)([A-Za-z0-9+/_-]{6,}={0,2})"
_BEARER = r"(?i)(\bbearer\s+)(?=[^\s\"',;]*\d)[\w.~+/-]{16,}=*"
_KEY = (
    r"(?i)(?<![\w/.-])([\w-]*"
    r"(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|credential)"
)
_VALUE = r"(?!\*\*\*)[^\s\"',;&)\]}>]"
_ASSIGNED = _KEY + rf"(?:[\"']?\s?=\s?[\"']?|[\"']?\s?:\s?[\"'])){_VALUE}{{4,}}"
# After a colon alone a sentence may follow: what has digits or is very long is no word of it.
_NAMED = _KEY + rf"\s?:\s?)(?=[^\s\"',;&]*\d|[^\s\"',;&]{{16}}){_VALUE}{{6,}}"
_KEYS = ("passw", "pwd", "passphrase", "secret", "token", "key", "credential")
"""Words of which one is in every name of `_KEY`."""
_kept: set[str] = set()


def keep_secret(secret: str) -> None:
    """Takes `secret`, and what it looks like as a login of HTTP, out of every text from now on."""
    if len(secret) >= _SHORTEST:
        import base64  # only who signs in pays for it

        login = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
        _kept.update((secret, login))


def redact(text: str) -> str:
    """`text` with `***` in the place of every secret."""
    return _without(text, _secrets()) if text else text


def redact_said(text: str) -> str:
    """Redacts what a server, a proxy or a hook said: also the values that it names as secrets."""
    lowered = text.lower()
    if any(key in lowered for key in _KEYS):
        text = re.sub(_NAMED, r"\1***", re.sub(_ASSIGNED, r"\1***", text))
    return redact(text)


def _without(text: str, secrets: Sequence[str]) -> str:
    for pattern, instead in _suspected(text):
        text = re.sub(pattern, instead, text)
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, "***")
    return text


def _suspected(text: str) -> "list[tuple[str, _Replacement]]":
    """What may be in `text`: looking for plain words is many times faster than for patterns."""
    lowered = text.lower()
    if len(text) > _LONG:
        # One search for words that begin alike takes a fifth of one for each.
        return [
            (pattern, instead)
            for words, pattern, instead in _FORMS
            if re.search("|".join(map(re.escape, words)), lowered)
        ]
    return [
        (pattern, instead) for words, pattern, instead in _FORMS if any(word in lowered for word in words)
    ]


def redacted(value: Any) -> Any:
    """A value of JSON with every string redacted."""
    return _value_without(value, _secrets())


def _value_without(value: Any, secrets: Sequence[str]) -> Any:
    match value:
        case str():
            return _without(value, secrets)
        case list() | tuple():
            return [_value_without(one, secrets) for one in value]
        case dict():
            return {_without(key, secrets): _value_without(one, secrets) for key, one in value.items()}
        case _:
            return value


def holds_secret(text: str) -> bool:
    """Whether `text` may hold a secret: a quick look, for large documents."""
    return bool(_suspected(text)) or any(secret in text for secret in _secrets())


def _secrets() -> list[str]:
    given = (os.environ.get(name, "").strip() for name in SECRET_VARIABLES)
    # The longest first: one may be the beginning of another.
    return sorted({*_kept, *(one for one in given if len(one) >= _SHORTEST)}, key=len, reverse=True)


def _without_login(found: re.Match[str]) -> str:
    """`Basic ***` where the word after it is a login in base64, and not just a word."""
    import base64

    word = found[2].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        login = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("utf-8")
    except ValueError:
        return found[0]
    return f"{found[1]}***" if ":" in login and login.isprintable() else found[0]


_Replacement = str | Callable[[re.Match[str]], str]
_GITHUB_PREFIXES = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")
# Words in lower case without one of which the form cannot be there, the form, and what takes its place.
_FORMS: Sequence[tuple[Sequence[str], str, _Replacement]] = (
    (("://",), _USERINFO, "://***"),
    (_GITHUB_PREFIXES, _OF_GITHUB, "***"),
    (("sk-ant-", "sk-proj-", "sk-svcacct-", "sk-or-"), _OF_AGENTS, "***"),
    (("authorization",), _AUTHORIZATION, r"\1***"),
    (("basic",), _BASIC, _without_login),
    (("bearer",), _BEARER, r"\1***"),
    (("private key",), _PRIVATE_KEY, "***"),
    (("eyj",), _OF_THE_WEB, "***"),
)
