"""An attempt's log holds no secret, whatever pieces the output came in."""

import base64
import os
import random
from pathlib import Path

import pytest

from gitcoord.redact import redact
from gitcoord.worker.attempt.command_process import Command, run_command
from gitcoord.worker.attempt.log import Log
from gitcoord.worker.attempt.secret_filter import LONGEST_LINE, SecretFilter
from gitcoord.worker.attempt.signals import StopSignal

TOKEN = "ghp_" + "s3cret0" * 5
BODY = base64.b64encode(bytes(range(48))).decode()
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END RSA PRIVATE KEY-----\n"
PLAIN = "zürich \udcff\udcfe 100 %\rnext ✓\n"


def in_pieces(text: str, sizes: list[int]) -> str:
    data, filtered, out, at, turn = text.encode("utf-8", "surrogateescape"), SecretFilter(), b"", 0, 0
    while at < len(data):
        out += filtered.write(data[at : at + sizes[turn % len(sizes)]])
        at += sizes[turn % len(sizes)]
        turn += 1
    return (out + filtered.flush()).decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("sizes", [[1], [2, 3], [7, 1, 40], [1 << 20]])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"a {TOKEN} b\n{TOKEN}", "a *** b\n***"),
        ("push https://bot:hunter2@ci.example/x\r\n", "push https://***@ci.example/x\r\n"),
        ("Authorization: Bearer\n  abcdef0123456789abcdef\nok\n", "Authorization: Bearer\n  ***\nok\n"),
        (f"one\n{KEY}two\n", "one\n***\n\ntwo\n"),
        ("+" + KEY.replace("\n", "\n+") + " two words\n", "+***\n\n+ two words\n"),
        (KEY.replace("\n", "\\n") + "\n", "***\\n\n"),
        # A key without an end takes only its own lines along.
        (f"-----BEGIN PRIVATE KEY-----\n{BODY}\nAll is well.\n", "***\nAll is well.\n"),
        ("key sk-ant-api03-abcdefgh12345678 set\n", "key *** set\n"),
        (PLAIN * 3 + "no end", PLAIN * 3 + "no end"),
        ("Basic\n\nEnglish\n", "Basic\n\nEnglish\n"),
    ],
)
def test_no_secret_passes_whatever_pieces_it_comes_in(text: str, kept: str, sizes: list[int]) -> None:
    assert in_pieces(text, sizes) == kept


def test_pieces_of_any_size_give_what_the_whole_gives() -> None:
    chance = random.Random(4)
    words = [TOKEN, "https://u:p4ss@h/", "word", "\n", "\r", " ", "é", "Bearer abcdef0123456789abcdef", "eyJ"]
    for _ in range(200):
        text = "".join(chance.choice(words) for _ in range(40))
        sizes = [chance.randint(1, 30) for _ in range(10)]
        assert in_pieces(text, sizes) == redact(text)


def test_a_line_without_an_end_is_held_within_bounds_and_its_secrets_are_not_cut() -> None:
    filtered, given = SecretFilter(), (f'{{"a":"{TOKEN}","b":"' + "x" * 777 + '"},').encode()
    out = b""
    for _ in range(4 * LONGEST_LINE // len(given)):
        out += filtered.write(given)
    assert len(out) > 2 * LONGEST_LINE
    out += filtered.flush()
    assert b"s3cret0" not in out
    assert out.count(b"***") == 4 * LONGEST_LINE // len(given)


def test_what_an_agent_prints_is_in_its_log_without_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "opaque-but-known-1")
    script = (
        f"printf 'a ghp_{'x1' * 5}'; sleep 0.2; printf '{'x1' * 5} b\\nopaque-but'; sleep 0.2; echo -known-1"
    )
    reading, writing = os.pipe()
    log = Log(tmp_path / "log", 10_000, echo=writing)
    command = Command(argv=["sh", "-c", script], directory=tmp_path, environment=dict(os.environ))
    assert run_command(command, log, stop=StopSignal(), grace=0.1).succeeded
    log.say("done")
    log.close()
    assert (
        (tmp_path / "log").read_text() == "a *** b\n***\n[gitcoord] done\n" == os.read(reading, 999).decode()
    )
