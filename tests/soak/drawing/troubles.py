"""What goes wrong on the wire during a run, drawn from a scenario's seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.soak.drawing.surroundings import Surroundings
from tests.support.github.faults import UNICORN, WRITES

_OPEN = r"POST .*/pulls$"
_ONE = r"GET .*/pulls/\d+$"
_LIST = r"GET .*/pulls(\?|$)"
_PUSH = r"POST .*/git-receive-pack$"
_FETCH = r"POST .*/git-upload-pack$"
_REFS = r"GET .*/info/refs"
_API_READ = r"GET /repos/"
_GRAPH = r"POST .*/graphql$"
_RULES = r"GET .*/(branches|rules|protection)"
_REPORTS = r"GET .*/(status|check-runs|reviews|compare/.*)$"
_OUTCOME = r"GET .*/merge-async/"
_MINT = r"POST /app/installations/"


@dataclass(frozen=True)
class Trouble:
    """A fault for the emulator."""

    request: str
    kind: str
    settings: Mapping[str, Any]


def make_trouble(dice: random.Random, around: Surroundings) -> Trouble:
    """One of them."""
    merge = _merge_request(around)
    request = dice.choice(_requests(around, merge))
    when = dice.choice(("before", "after"))
    often = {"nth": dice.choice((1, 1, 2, 3, 5)), "times": dice.choice((1, 1, 1, 2))}
    choices: list[tuple[str, str, dict[str, Any]]] = [
        ("reset", request, {"when": when, **often}),
        ("eof", request, {"when": when, **often}),
        ("status", request, {"when": "after", "status": 502, **often}),
        ("status", request, {"when": when, "status": 503, "body": UNICORN, **often}),
        ("truncate", request, {"when": "after", **often}),
        ("delay", request, {"when": when, "seconds": dice.uniform(0.02, 0.3), **often}),
        ("partial-merge", merge, {"status": dice.choice((405, 500, 502)), **often}),
        ("stale", dice.choice((_ONE, _LIST, _API_READ)), often),
        ("not-there", _ONE, {"times": often["times"]}),
        ("limit", request, {"status": dice.choice((403, 429)), "times": often["times"]}),
        ("expire-token", request, {"nth": dice.choice((3, 8, 15))}),
        ("kill", dice.choice((WRITES, request)), {"when": when, "nth": often["nth"]}),
        ("kill", dice.choice((merge, _OPEN, _PUSH)), {"when": "after", "nth": often["nth"]}),
        # Whoever else merges meanwhile would do it twice, and could not know.
        ("late", merge, {"reads": dice.randint(1, 4), "partial": not around.merges_by_others}),
        ("late", dice.choice((merge, _OPEN)), {"reads": dice.randint(1, 4)}),
    ]
    if around.sign_in != "classic":
        lost = {"permission": dice.choice(("contents", "pull_requests")), "nth": dice.choice((2, 5, 9, 14))}
        choices += [("drop-permission", dice.choice((request, _API_READ)), lost)] * 3
    kind, request, settings = dice.choice(choices)
    return Trouble(request, kind, settings)


def make_mistake(dice: random.Random, around: Surroundings) -> Trouble:
    """A merge that comes out wrong, with an answer or without one."""
    kind = dice.choice(("wrong-tree", "wrong-tree-lost"))
    return Trouble(_merge_request(around), kind, {"nth": dice.choice((1, 1, 2))})


def _merge_request(around: Surroundings) -> str:
    return rf"PUT .*/pulls/\d+/merge{'-async' if around.offers_async else ''}$"


def _requests(around: Surroundings, merge: str) -> list[str]:
    gates = around.gates
    found = [merge, merge, merge, _OPEN, _OPEN, _ONE, _LIST, _PUSH, _PUSH, _FETCH, _REFS, _API_READ, WRITES]
    if around.offers_async:
        found += [_OUTCOME, _OUTCOME]
    if gates.queue or around.auto or around.drafts:
        found += [_GRAPH, _GRAPH, _GRAPH]
    if gates.any:
        found += [_RULES, _REPORTS]
    if around.sign_in.endswith("app"):
        found += [_MINT]
    return found
