"""Secrets are taken out of text, and words that only look like them are not."""

import base64

import pytest

from gitcoord.errors import GitcoordError
from gitcoord.forge.github.api_types import ErrorAnswer, GraphError
from gitcoord.forge.github.transport import NoAnswer
from gitcoord.forge.pull_requests import Refused, Unclear
from gitcoord.landing.pull_templates import one_line, short
from gitcoord.landing.rollback.texts import plain_subject
from gitcoord.planning.diagrams import dot, mermaid
from gitcoord.redact import holds_secret, redact, redact_said, redacted, register_secret
from tests.cli.test_report import page_of
from tests.progress.plans import planned, play, task

TOKEN = "ghp_" + "s3cret0" * 5
LOGIN = base64.b64encode(b"x-access-token:pa55word").decode()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"got {TOKEN}.", "got ***."),
        (f"Proxy says: Basic {LOGIN} is not known", "Proxy says: Basic *** is not known"),
        (f"{{'Authorization': 'basic {LOGIN}'}}", "{'Authorization': 'basic ***'}"),
        (f"basic {base64.urlsafe_b64encode(b'bot:~~~???').decode().rstrip('=')}", "basic ***"),
        ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer ***"),
        ("refused Bearer abcdef0123456789abcdef, sorry", "refused Bearer ***, sorry"),
        ("Authorization: token abc123", "Authorization: token ***"),
        ("https://bot:hunter2@ci.example/x", "https://***@ci.example/x"),
    ],
)
def test_credentials_are_taken_out_however_they_are_quoted(text: str, left: str) -> None:
    assert redact(text) == left
    long = "." * 100_000
    assert redact(f"{long} {text}") == f"{long} {left}"


@pytest.mark.parametrize(
    "text",
    [
        "Basic internationalization support",
        "Add HTTP basic authentication",
        "Authorization: basic roles for editors",
        "The bearer of the authorization: a token service",
        "See https://example.com/a@b and git@github.com:acme/app",
        "Reset: password=forgotten, token: refresh2fa",
    ],
)
def test_words_of_a_title_are_left_alone(text: str) -> None:
    assert redact(text) == text


def test_what_was_signed_in_with_is_known_by_itself_and_as_a_login() -> None:
    secret = "opaque-zq81-kept"
    register_secret(secret)
    login = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    assert redact(f"{secret} {login}") == "*** ***"
    assert redacted({"a": [secret, 1, None], secret: True}) == {"a": ["***", 1, None], "***": True}
    assert redacted({"a": (secret, (f"of {secret}",))}) == {"a": ["***", ["of ***"]]}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("login failed with password=letmein", "login failed with password=***"),
        ('{"password": "let-me in", "x": 1}', '{"password": "*** in", "x": 1}'),
        ("remote: your token: 8f14e45fceea167a is not valid", "remote: your token: *** is not valid"),
        ("X-Auth-Token: abc123def456", "X-Auth-Token: ***"),
        ("GET /?access_token=a1b2c3&x=1 failed", "GET /?access_token=***&x=1 failed"),
        ("api-key = zq81kept, sorry", "api-key = ***, sorry"),
        (f"Basic {LOGIN} and secret='s3cr3t'", "Basic *** and secret='***'"),
        ("your token: expired", None),
        ("Support for password authentication was removed.", None),
        ("max_tokens=4096 and token_type=bearer", None),
        ("error: failed to push refs/heads/password=reset-flow", None),
        ("a personal access token is needed: see the documents", None),
    ],
)
def test_what_a_server_names_as_a_secret_is_taken_out(text: str, left: str | None) -> None:
    assert redact_said(text) == (text if left is None else left)
    assert redact_said(redact_said(text)) == redact_said(text)


@pytest.mark.parametrize("before", range(0, 60, 4))
def test_a_secret_is_taken_out_before_a_text_is_cut(before: int) -> None:
    title = f"{'w' * before} {TOKEN}{' tail' * 9}"
    plan = planned([task("1", title=title)])
    for text in (
        dot(plan),
        mermaid(plan),
        short(one_line(title), 40),
        plain_subject(f"{'w' * 40}{title}"),
        page_of(plan, play(plan)),
    ):
        assert "s3cret" not in text
        assert "ghp_" not in text


def test_nothing_that_a_server_says_comes_in_with_a_secret() -> None:
    said = f"you sent {TOKEN} and password=hunter2x"
    texts = [
        ErrorAnswer(message=said).message,
        *ErrorAnswer(errors=(said,)).details,
        *ErrorAnswer(errors=said).details,
        GraphError(message=said).message,
        NoAnswer(message=said).message,
        Refused(kind="unknown", message=said).message,
        Unclear(message=said).message,
        GitcoordError("github-failed", said).message,
        str(GitcoordError("github-failed", said)),
        GitcoordError("github-failed", "x", hint=said).hint,
    ]
    server, own = texts[:-3], texts[-3:]
    assert server == ["you sent *** and password=***"] * len(server)
    assert own == ["you sent *** and password=hunter2x"] * len(own)


@pytest.mark.parametrize("before", range(99_985, 100_003))
def test_a_secret_anywhere_in_a_long_document_is_noticed(before: int) -> None:
    assert holds_secret("x" * before + " Authorization: token 1234567890abcdef1234" + "x" * 150_000)
    assert not holds_secret("x" * before + " words of a title " + "x" * 150_000)
