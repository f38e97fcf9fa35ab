"""Takes secrets out of text before it reaches a screen, an error, a log or state."""

import os
import re

TOKEN_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
# Up to the last @ before the path: a password may hold one itself.
_USERINFO = re.compile(r"(?<=://)[^/\s'\"]+(?=@)")
_GITHUB_TOKEN = re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,})")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")
_AUTHORIZATION = re.compile(r"(?i)(authorization:\s*\w+\s+)\S+")


def redact(text: str) -> str:
    """`text` without user information in URLs, GitHub tokens and keys, and the values of token variables."""
    text = _USERINFO.sub("***", text)
    text = _GITHUB_TOKEN.sub("***", text)
    text = _AUTHORIZATION.sub(r"\1***", text)
    text = _PRIVATE_KEY.sub("***", text)
    text = _JSON_WEB_TOKEN.sub("***", text)
    for name in TOKEN_VARIABLES:
        value = os.environ.get(name, "")
        if len(value) >= 4:
            text = text.replace(value, "***")
    return text
