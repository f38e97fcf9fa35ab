"""What an App signs in with is taken out of every text, as tokens are."""

import time

import jwt

from gitcoord.redact import redact
from tests.support.github.apps import App


def test_an_apps_key_and_its_web_tokens_are_taken_out() -> None:
    app = App(1, 10, ())
    token = jwt.encode({"iss": "1", "exp": time.time() + 60}, app.private_key, algorithm="RS256")
    assert redact(f"before {app.private_key}between {token} after") == "before ***\nbetween *** after"


def test_a_key_that_is_cut_off_is_taken_out_too() -> None:
    key = App(1, 10, ()).private_key
    assert redact(f"it is {key[:200]}") == "it is ***"
