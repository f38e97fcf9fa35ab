"""Removes secrets from text: where it enters (git's errors, a forge's answers), and at every exit.

It knows the values of `SECRET_VARIABLES`, every secret that gitcoord signed in with (`register_secret`), and
patterns of credentials: user information in URLs, GitHub tokens, agents' keys (`sk-ant-…`), private keys,
JSON Web Tokens, `Authorization` headers and HTTP's `Basic` and `Bearer` credentials (RFC 7617, RFC 6750),
wherever a server or proxy quotes them. A server, a proxy or a hook may also name a secret (`password=…`);
only `redact_said` looks for those, because a task may be called "token: refresh".
"""

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
SECRET_VARIABLES = (
    *TOKEN_VARIABLES,
    *("GITLAB_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN", "BITBUCKET_TOKEN", "AZURE_DEVOPS_EXT_PAT"),
    # The tokens that a CI service gives a job for its own API.
    *("ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "CI_JOB_TOKEN", "SYSTEM_ACCESSTOKEN"),
)
"""Variables with credentials for a forge or a CI service."""
_SHORTEST = 4
_PIECE = 100_000
# Patterns are compiled when a text needs them, which is seldom: compiling all would slow every start.

_USERINFO = r"://[^/\s'\"]+(?=@)"  # up to the last @ before the path: a password may contain an @
_GITHUB_KEY = r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,})"
_AGENT_KEY = r"\bsk-(?:ant|proj|svcacct|or)-[\w-]{16,}"
_PRIVATE_KEY = r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_JWT = r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
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
# After a colon a sentence may follow: redact only a word that has digits or is very long.
_NAMED = _KEY + rf"\s?:\s?)(?=[^\s\"',;&]*\d|[^\s\"',;&]{{16}}){_VALUE}{{6,}}"
_KEYS = ("passw", "pwd", "passphrase", "secret", "token", "key", "credential")
"""Every name that `_KEY` matches contains one of these words."""
_kept: set[str] = set()
_variables = set(SECRET_VARIABLES)


def register_secret(secret: str) -> None:
    """From now on, redacts `secret` and its HTTP Basic form in every text."""
    if len(secret) >= _SHORTEST:
        import base64  # imported here: only sign-in needs it

        login = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
        _kept.update((secret, login))


def register_variable(name: str) -> None:
    """From now on, treats a variable that the settings name as one of `SECRET_VARIABLES`."""
    _variables.add(name)


def is_secret(variable: str) -> bool:
    """Whether the variable has credentials for a forge or a CI service."""
    return variable in _variables


def redact(text: str) -> str:
    """Replaces every secret in `text` with `***`."""
    return _without(text, _secrets()) if text else text


def redact_said(text: str) -> str:
    """Redacts the output of a server, a proxy or a hook: also values that it names as secrets."""
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
    """Returns the patterns whose keyword is in `text`. A substring search is much faster than a regex."""
    # In pieces the lower case of a document of a hundred megabytes stays in the processor's cache.
    pieces = range(0, len(text), _PIECE)
    found: set[int] = set()
    for begin in pieces:
        lowered = text[begin : begin + _PIECE + _LONGEST_KEYWORD].lower()
        if len(pieces) == 1:
            found.update(
                n for n, (words, _, _) in enumerate(_FORMS) if any(word in lowered for word in words)
            )
        else:
            # One regex for all keywords is five times faster than one search for each.
            found.update(n for n, search in enumerate(_searches()) if n not in found and search(lowered))
    return [(pattern, instead) for n, (_, pattern, instead) in enumerate(_FORMS) if n in found]


@cache
def _searches() -> "list[Callable[[str], re.Match[str] | None]]":
    return [re.compile("|".join(map(re.escape, words))).search for words, _, _ in _FORMS]


def redacted(value: Any) -> Any:
    """Redacts every string in a JSON value."""
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
    """Whether `text` may contain a secret: a quick test for large documents."""
    return bool(_suspected(text)) or any(secret in text for secret in _secrets())


def _secrets() -> list[str]:
    given = (os.environ.get(name, "").strip() for name in _variables)
    # The longest first: one may be a prefix of another.
    return sorted({*_kept, *(one for one in given if len(one) >= _SHORTEST)}, key=len, reverse=True)


def _without_login(found: re.Match[str]) -> str:
    """Redacts the word after `Basic` if it is a login in base64, and not just a word."""
    import base64

    word = found[2].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        login = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("utf-8")
    except ValueError:
        return found[0]
    return f"{found[1]}***" if ":" in login and login.isprintable() else found[0]


_Replacement = str | Callable[[re.Match[str]], str]
_GITHUB_PREFIXES = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")
# (keywords, pattern, replacement). Without one of the keywords, in lower case, the pattern cannot match.
_FORMS: Sequence[tuple[Sequence[str], str, _Replacement]] = (
    (("://",), _USERINFO, "://***"),
    (_GITHUB_PREFIXES, _GITHUB_KEY, "***"),
    (("sk-ant-", "sk-proj-", "sk-svcacct-", "sk-or-"), _AGENT_KEY, "***"),
    (("authorization",), _AUTHORIZATION, r"\1***"),
    (("basic",), _BASIC, _without_login),
    (("bearer",), _BEARER, r"\1***"),
    (("private key",), _PRIVATE_KEY, "***"),
    (("eyj",), _JWT, "***"),
)
_LONGEST_KEYWORD = max(len(word) for words, _, _ in _FORMS for word in words)
