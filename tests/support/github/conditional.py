"""Conditional requests: an ETag on what was read, and 304 when the reader has it already."""

import hashlib
import json

from tests.support.github.exchange import Answer


def answered(method: str, if_none_match: str, answer: Answer) -> Answer:
    """`answer` with its ETag, or 304 in its place."""
    if method != "GET" or answer.status != 200:
        return answer
    tag = f'W/"{hashlib.sha256(json.dumps(answer.body, sort_keys=True).encode()).hexdigest()}"'
    headers = {**answer.headers, "ETag": tag}
    if tag in (one.strip() for one in if_none_match.split(",")):
        return Answer(304, None, headers)
    return Answer(200, answer.body, headers)
