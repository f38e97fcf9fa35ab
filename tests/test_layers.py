"""The shape of the house: which room may import which, how long things may get, which words are used."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gitcoord"

GROUND = {"ground"}
MAY_IMPORT = {
    "ground": GROUND,
    "git": GROUND,
    "tasks": GROUND,
    "planning": GROUND | {"tasks"},
    "foresight": GROUND | {"planning", "tasks", "git"},
    "state": GROUND | {"planning", "tasks", "git"},
    "forge": GROUND | {"git"},
    # What the forge said of pull requests is evidence; it is passed in, and nothing is asked from there.
    "evidence": GROUND | {"forge.pull_requests", "state", "planning", "tasks", "git"},
    "conflicts": GROUND | {"state", "planning", "tasks", "git"},
    "adoption": GROUND | {"evidence", "forge", "state", "planning", "tasks", "git"},
    "reclaim": GROUND | {"evidence", "forge.pull_requests", "git"},
    "checks": GROUND | {"git"},
    "landing": GROUND | {"checks", "conflicts", "evidence", "forge", "state", "planning", "tasks", "git"},
    "engines": GROUND,
    "export": GROUND | {"planning", "tasks"},
    "schedule": GROUND | {"state", "planning", "tasks", "git"},
    "progress": GROUND | {"schedule", "landing", "evidence", "state", "planning", "tasks", "git"},
    "worker": GROUND
    | {"engines", "landing", "checks", "conflicts", "evidence", "forge", "state", "planning", "tasks", "git"},
    "run": GROUND
    | {"worker", "progress", "schedule", "engines", "landing", "checks", "conflicts", "evidence", "forge"}
    | {"state", "planning", "tasks", "git"},
    "cli": GROUND
    | {"run", "worker", "progress", "schedule", "engines", "export", "landing", "checks", "conflicts"}
    | {"adoption", "reclaim", "evidence", "foresight", "forge", "state", "planning", "tasks", "git"},
    "__main__": {"cli"},
}
VIEWS = {"cli.views", "cli.views.dashboard", "cli.views.report"}
CLI_ROOMS = {
    *("cli.foresight", "cli.planning", "cli.across", "cli.status", "cli.conflicts", "cli.landing"),
    *("cli.running", "cli.logs", "cli.setup"),
}
# The rooms inside a room, the lowest first; what they share lies in the room itself.
MAY_IMPORT_INSIDE = {
    "forge": set(),
    "forge.github": {"forge"},
    "landing": set(),
    "landing.rollback": {"landing"},
    "landing.across": {"landing"},
    "tasks": {"tasks.sources"},
    "tasks.write_back": {"tasks", "tasks.sources"},
    "tasks.sources": {
        *("tasks.coercion", "tasks.diagnostics", "tasks.file_formats", "tasks.json_parser", "tasks.model"),
    },
    "worker": set(),
    "worker.attempt": {"worker", "worker.attempt.prompt"},
    "worker.attempt.prompt": {
        *("worker", "worker.attempt.exchange_files", "worker.attempt.kept_commits", "worker.attempt.request"),
    },
    "worker.checking": {"worker", "worker.attempt"},
    "cli.views": {
        *("cli.conflicts.level_check", "cli.conflicts.level_inputs", "cli.conflicts.level_proof"),
        *("cli.planning.plan_making", "cli.status.status_document"),
    },
    "cli.views.dashboard": {"cli.views"},
    "cli.views.report": {"cli.views", "cli.views.dashboard"},
    "cli": VIEWS,
    "cli.foresight": {"cli"} | VIEWS,
    "cli.planning": {"cli", "cli.foresight"} | VIEWS,
    "cli.across": {"cli", "cli.foresight"} | VIEWS,
    "cli.status": {"cli", "cli.across"} | VIEWS,
    "cli.conflicts": {"cli", "cli.across"} | VIEWS,
    "cli.landing": {"cli", "cli.across", "cli.conflicts", "cli.planning"} | VIEWS,
    "cli.running": {"cli", "cli.across", "cli.landing", "cli.planning"} | VIEWS,
    "cli.logs": {"cli", "cli.across", "cli.running"} | VIEWS,
    "cli.setup": {"cli", "cli.across", "cli.running"} | VIEWS,
    "cli.documents": {"cli"} | VIEWS | CLI_ROOMS,
    "cli.mcp_server": {"cli", "cli.setup"} | VIEWS,
    "cli.commands": {"cli", "cli.documents", "cli.mcp_server"} | VIEWS | CLI_ROOMS,
}
# Words that say nothing of a thing, or that no noun is.
NO_CLASS_NAMES = {
    *("Asked", "Brought", "Come", "Done", "Ended", "Found", "Given", "Left", "Made", "Met", "One", "Other"),
    *("Place", "Played", "Said", "Seen", "Settled", "Taken", "Told", "Undone", "Written"),
}
ONLY_IN = {
    "typer": "gitcoord.cli.",
    "rich": "gitcoord.cli.",
    "pygit2": "gitcoord.git.object_reader",
    "github": "gitcoord.forge.github.",
    "mcp": "gitcoord.cli.mcp_server.",
}
FORBIDDEN_WORDS = {
    *("group", "batch", "stage", "phase", "job", "node"),
    *("item", "manager", "service", "helper", "util"),
}
LONGEST_FILE = 300
LONGEST_FUNCTION = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_a_room_imports_only_the_rooms_below_it() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in modules()
        for imported in imports(module)
        if imported.split(".")[0] == "gitcoord"
        and room(imported) != room(module)
        and MAY_IMPORT[room(module)].isdisjoint((room(imported), imported.removeprefix("gitcoord.")))
    ]
    assert wrong == []


def test_a_room_inside_a_room_imports_only_those_below_it() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in modules()
        for imported in imports(module)
        if room(imported) == room(module) and inner_room(imported) != inner_room(module)
        if MAY_IMPORT_INSIDE[inner_room(module)].isdisjoint(
            (inner_room(imported), imported.removeprefix("gitcoord."))
        )
    ]
    assert wrong == []


def test_foresight_asks_git_in_one_place() -> None:
    asking = [
        module
        for module in modules()
        for imported in imports(module)
        if room(module) == "foresight" and imported.startswith("gitcoord.git.")
    ]
    assert set(asking) <= {"gitcoord.foresight.mining", "gitcoord.foresight.past_conflicts"}


def test_every_room_is_on_the_map() -> None:
    assert {room(module) for module in modules()} <= set(MAY_IMPORT)


def test_no_two_classes_have_the_same_name() -> None:
    homes: dict[str, list[str]] = {}
    for module, path in modules().items():
        for name in classes(path):
            homes.setdefault(name, []).append(module)
    assert {name: there for name, there in homes.items() if len(there) > 1} == {}


def test_a_class_is_named_by_a_noun() -> None:
    wrong = [
        f"{module}: {name}"
        for module, path in modules().items()
        for name in classes(path)
        if name.lstrip("_") in NO_CLASS_NAMES
    ]
    assert wrong == []


def test_each_large_library_is_known_in_one_place() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in modules()
        for imported in imports(module)
        for library, place in ONLY_IN.items()
        if imported.split(".")[0] == library and not f"{module}.".startswith(place)
    ]
    assert wrong == []


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    known = set(modules())
    graph = {module: {name for name in imports(module) if name in known} - {module} for module in known}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_no_file_and_no_function_gets_out_of_hand() -> None:
    long_files = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in sources()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    long_functions = [
        f"{path.relative_to(ROOT)}: {function.name} has {lines} lines"
        for path in sources()
        for function in nodes(path)
        if isinstance(function, Function) and (lines := length(function)) > LONGEST_FUNCTION
    ]
    assert long_files + long_functions == []


def test_names_use_the_words_of_the_glossary() -> None:
    wrong = [
        f"{module}: {name}"
        for module, path in modules().items()
        for name in (module.rpartition(".")[2], *definitions(path))
        if {word.removesuffix("s") for word in words(name)} & FORBIDDEN_WORDS
    ]
    assert wrong == []


def test_every_module_says_what_it_owns() -> None:
    silent = [module for module, path in modules().items() if not ast.get_docstring(parsed(path))]
    assert silent == []


def room(module: str) -> str:
    parts = module.split(".")
    inside = len(parts) > 1 and (PACKAGE / parts[1]).is_dir()
    return parts[1] if inside or parts[1:] == ["__main__"] else "ground"


def inner_room(module: str) -> str:
    """The room inside the room that a module lies in, such as `running.worker`, or the room itself."""
    parts = module.split(".")[1:]
    own = len(parts) if PACKAGE.joinpath(*parts).is_dir() else len(parts) - 1
    return ".".join(parts[:own])


@cache
def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def sources() -> list[Path]:
    return [*modules().values(), *sorted((ROOT / "tests").rglob("*.py"))]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parsed(path)))


@cache
def imports(module: str) -> tuple[str, ...]:
    return tuple(imported_by(module))


def imported_by(module: str) -> Iterator[str]:
    """Every module that `module` imports, those inside functions too."""
    for statement in nodes(modules()[module]):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, f"{module} has a relative import, line {statement.lineno}"
            origin = statement.module or ""
            for alias in statement.names:
                inner = f"{origin}.{alias.name}"
                yield inner if inner in modules() else origin


def definitions(path: Path) -> Iterator[str]:
    for statement in nodes(path):
        if isinstance(statement, Function | ast.ClassDef):
            yield statement.name


def classes(path: Path) -> Iterator[str]:
    return (statement.name for statement in nodes(path) if isinstance(statement, ast.ClassDef))


def words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]


def length(function: Function) -> int:
    """The lines of the body: the signature of a command is a table of its options."""
    return (function.end_lineno or function.lineno) - function.body[0].lineno + 1
