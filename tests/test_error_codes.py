"""The codes of errors: each one is used, and the documents list each one with its exit codes."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import get_args

from gitcoord.error_codes import ErrorCode
from gitcoord.errors import Exit

ROOT = Path(__file__).parent.parent
CODES: list[str] = list(get_args(ErrorCode))
MAKERS = {"GitcoordError": Exit.REFUSED, "usage_error": Exit.USAGE, "answer_no": Exit.NO}


def test_the_codes_are_sorted_and_named_alike() -> None:
    assert sorted(set(CODES)) == CODES
    assert [code for code in CODES if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)] == []


def test_every_code_is_used_and_no_other_one() -> None:
    texts = {one.value for one in in_package() if isinstance(one, ast.Constant)}
    assert [code for code in CODES if code not in texts] == []
    assert {code for code, _ in raised()} <= set(CODES)


def test_the_documents_list_every_code_with_the_exits_that_it_has() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| ([0-9, ]+) \| \S.* \|$", (ROOT / "docs/errors.md").read_text(), re.M
    )
    assert [code for code, _ in rows] == CODES
    documented = {code: {int(number) for number in exits.split(",")} for code, exits in rows}
    for code, exit in raised():
        assert exit in documented[code], f"{code} ends with {exit}"


@cache
def in_package() -> list[ast.AST]:
    return [
        one
        for path in (ROOT / "gitcoord").rglob("*.py")
        if path.name != "error_codes.py"
        for one in ast.walk(ast.parse(path.read_text()))
    ]


def raised() -> set[tuple[str, int]]:
    """The codes that are written where an error is made, with the exit code of that error."""
    found = set()
    for call in in_package():
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MAKERS:
            first = call.args[0]
            named = [word.value for word in call.keywords if word.arg == "exit"]
            exit = MAKERS[call.func.id]
            if named and isinstance(named[0], ast.Attribute) and isinstance(named[0].value, ast.Name):
                exit = Exit[named[0].attr] if named[0].value.id == "Exit" else exit
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add((first.value, int(exit)))
    return found
