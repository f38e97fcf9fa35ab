"""What `action.yml` runs: compares open pull requests and comments the matrix, or lands those with a label.

All inputs come by the environment, and titles and paths reach the comment as text only.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MARKER = "<!-- gitcoord: matrix -->"
_MOST_ROWS = 40
_MOST_PATHS = 5


def main() -> int:
    """Does what the input `mode` says; returns the exit code of the step."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    mode = _input("MODE") or "check"
    if mode == "land":
        return _land()
    if mode != "check":
        print(f"::error::mode is {mode!r}, and has to be check or land")
        return 2
    from github import GithubException
    from requests import RequestException

    try:
        return _check(event.get("pull_request") or {})
    except (GithubException, RequestException) as error:
        told = (
            f"{error.status} {error.message}" if isinstance(error, GithubException) else type(error).__name__
        )
        print(f"::error::GitHub could not be asked: {text(told)}")
        return 3


def _land() -> int:
    label = _input("LABEL")
    if not label:
        print("::error::mode land needs a label")
        return 2
    words = ["land", "--label", label, "--yes"]
    for name in ("check", "method", "wait"):
        if value := _input(name.upper()):
            words += [f"--{name}", value]
    code, document = _gitcoord(words)
    landed = [
        f"- {_reference(one['task'])} landed as `{one['commit'][:12]}`" for one in document.get("landed", ())
    ]
    rest = [*document.get("deferred", ()), *document.get("waiting", ())]
    left = [f"- {_reference(one['task'])}: {text(one['reason'])}" for one in rest]
    out = [f"- {text(one['name'])} left out: {text(one['reason'])}" for one in document.get("excluded", ())]
    _summarise("\n".join(["## gitcoord land", "", *landed, *left, *out]))
    return code


def _check(pull: Mapping[str, Any]) -> int:
    repository = _repository()
    base, label = (pull.get("base") or {}).get("ref"), _input("LABEL")
    numbers = [
        one.number
        for one in repository.get_pulls(state="open", **({"base": base} if base else {}))
        if not label or label in (named.name for named in one.labels)
    ]
    if not numbers:
        print("No open pull request is there to compare.")
        return 0
    code, document = _gitcoord(["check-conflicts", "--pulls", ",".join(map(str, numbers))])
    if code not in (0, 1):
        return code
    own = str(pull["number"]) if pull else None
    body = comment(document, own)
    conflicting = [pair for pair in document["pairs"] if pair["verdict"] == "conflict"]
    _output("conflicts", str(len(conflicting)))
    _summarise(body)
    if pull and _input("COMMENT") != "false":
        _upsert(repository.get_issue(int(pull["number"])), body)
    return int(_input("FAIL") == "true" and any(own in pair["tasks"] for pair in conflicting))


def comment(document: Mapping[str, Any], own: str | None) -> str:
    """The matrix in Markdown: who conflicts with whom, and in which files."""
    pairs = [pair for pair in document["pairs"] if pair["verdict"] == "conflict"]
    mine = [pair for pair in pairs if own in pair["tasks"]]
    stuck = [one for one in document["branches"] if one["base_conflicts"]]
    lines = [MARKER, "### gitcoord: conflicts between open pull requests", ""]
    if own is not None:
        others = [_reference(name) for pair in mine for name in pair["tasks"] if name != own]
        lines += [
            f"This pull request conflicts with {', '.join(others)}." if mine else "It conflicts with none.",
            "",
        ]
    for branch in stuck:
        lines += [
            f"{_reference(branch['task'])} does not merge with the base: {_paths(branch['base_conflicts'])}",
            "",
        ]
    lines += _matrix(pairs)
    for pair in [*mine, *(pair for pair in pairs if pair not in mine)][:_MOST_ROWS]:
        one, other = map(_reference, pair["tasks"])
        lines.append(f"- {one} and {other}: {_paths(pair['conflicted_paths'])}")
    order = ", ".join(map(_reference, document["landing_order"]))
    return "\n".join([*lines, "", f"Landing order that defers the fewest: {order}", ""])


def _matrix(pairs: Sequence[Mapping[str, Any]]) -> list[str]:
    names = sorted({name for pair in pairs for name in pair["tasks"]}, key=lambda name: (len(name), name))
    if not names or len(names) > _MOST_ROWS:
        return []
    found = {frozenset(pair["tasks"]) for pair in pairs}
    head = ["", *map(_reference, names)]
    rows = [[_reference(row), *("✗" if {row, column} in found else "" for column in names)] for row in names]
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)] + [""]


def _reference(name: str) -> str:
    """A pull request as GitHub links it; a branch as code."""
    return f"#{name}" if name.isdigit() else text(name)


def _paths(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return ", ".join(map(text, paths[:_MOST_PATHS])) + more


def text(untrusted: str) -> str:
    """Text as code on one line: it mentions nobody, closes nothing, and is no markup."""
    plain = re.sub(r"[\x00-\x1f\x7f`|<>]", " ", untrusted)
    return f"`{plain.strip() or ' '}`"


def _gitcoord(words: Sequence[str]) -> tuple[int, dict[str, Any]]:
    """Runs a command with `--json`: its exit code and its document, kept as the output `document`."""
    # Runners have no identity of their own; updates of branches are commits.
    identity = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (
            ("NAME", "github-actions[bot]"),
            ("EMAIL", "github-actions[bot]@users.noreply.github.com"),
        )
    }
    command = [sys.executable, "-m", "gitcoord", *words, "--json"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, env={**identity, **os.environ})
    kept = Path(os.environ.get("RUNNER_TEMP", ".")) / "gitcoord.json"
    kept.write_bytes(ended.stdout)
    _output("document", str(kept))
    found = json.loads(ended.stdout) if ended.stdout.startswith(b"{") else {}
    if found.get("schema") == "gitcoord.error/1":
        print(f"::error::{text(found['message'])} {text(found['hint'])}")
        return ended.returncode, {}
    return ended.returncode, found


def _repository() -> Any:
    from github import Auth, Github

    address = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    host = Github(base_url=address, auth=Auth.Token(os.environ["GITHUB_TOKEN"]), lazy=True)
    return host.get_repo(os.environ["GITHUB_REPOSITORY"])


def _upsert(issue: Any, body: str) -> None:
    """The one comment of this action, written or edited."""
    for one in issue.get_comments():
        if one.body.startswith(MARKER):
            if one.body != body:
                one.edit(body)
            return
    issue.create_comment(body)


def _input(name: str) -> str:
    return os.environ.get(f"INPUT_{name}", "").strip()


def _output(name: str, value: str) -> None:
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{name}={value}\n")


def _summarise(body: str) -> None:
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{body}\n")


if __name__ == "__main__":
    sys.exit(main())
