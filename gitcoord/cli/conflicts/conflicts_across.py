"""`gitcoord check-conflicts` of a plan over several repositories: checks each repository separately."""

from collections.abc import Callable

import msgspec

from gitcoord.cli.across.repositories import Repositories
from gitcoord.cli.conflicts.level_check import CheckedLevel, check
from gitcoord.cli.conflicts.level_inputs import CheckRequest, read_inputs
from gitcoord.cli.context import Context
from gitcoord.cli.levels import find_level
from gitcoord.cli.views.conflicts import document
from gitcoord.cli.views.output import clean, emit_json, plain
from gitcoord.cli.views.output import show as say_name
from gitcoord.errors import usage_error
from gitcoord.planning.parts import landed_everywhere

Save = Callable[[Context, CheckedLevel], bool]


def check_everywhere(
    home: Context,
    request: CheckRequest,
    *,
    plain_options: bool,
    show: Callable[[CheckedLevel, CheckRequest], None],
    save: Save | None,
    as_json: bool,
) -> bool:
    """Checks the level in each repository. Returns whether it can land as one wave in all of them.

    `save` saves the waves of one repository. Raises `several-repositories` (exit 2) unless `plain_options`.
    """
    if not plain_options:
        raise usage_error(
            "several-repositories",
            "Over several repositories, `gitcoord check-conflicts` does not accept heads, --watch, "
            "--worktrees, --what-if, --without or --check.",
            "Run it in the clone of one repository.",
        )
    several = Repositories(home)
    several.refresh()
    plan = several.plan()
    level = find_level(plan, request.level, landed_everywhere(plan, several.landed(plan)))
    request = msgspec.structs.replace(request, level=level.name)
    found: dict[str, CheckedLevel] = {}
    for name, context in several.members(plan).items():
        if any(name in plan.tasks[task].repositories for task in level.tasks):
            context.repository.require_history()
            found[name] = check(context, request, read_inputs(context, request))
            if save is not None:
                save(context, found[name])
    if as_json:
        documents = {name: document(checked, request, None) for name, checked in found.items()}
        emit_json("conflicts", {"level": level.name, "repositories": documents})
    else:
        for name, checked in found.items():
            say_name(plain(f"Repository {clean(name)}", "bold magenta"))
            show(checked, request)
    return all(checked.lands for checked in found.values())
