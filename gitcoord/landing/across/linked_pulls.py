"""Links the pull requests of a level across repositories: a comment on each, kept up to date."""

from collections.abc import Mapping

from gitcoord.landing.across.model import AcrossContext, RepositoryAccess, RepositoryState
from gitcoord.landing.post_comments import try_to
from gitcoord.text_lists import named_tasks

_TOPIC = "repositories"


def link_pulls(
    across: AcrossContext,
    states: Mapping[str, RepositoryState],
    access: RepositoryAccess,
    written: dict[tuple[str, int], str],
) -> None:
    """Comments on each pull request: lists the pull requests and the landed tasks in other repositories.

    `written`: the comments that this run has already written.
    """
    if len(across.names) < 2:
        return
    lines = {name: _lines(name, states[name]) for name in across.names}
    for name in across.names:
        others = [line for other in across.names if other != name for line in lines[other]]
        if not others:
            continue
        text = "\n".join((f"**{across.level.name}** lands in this order, together with:", "", *others))
        for carrier in states[name].carriers:
            number = carrier.pull.number if carrier.pull is not None else 0
            if number and written.get((name, number)) != text:
                written[name, number] = text
                try_to(lambda: access.forge(name).say(number, _TOPIC, text))  # noqa: B023 - called at once


def _lines(name: str, state: RepositoryState) -> list[str]:
    lines = [
        f"- `{name}`: {carrier.pull.url or f'pull request {carrier.pull.number}'}, "
        f"{named_tasks(carrier.tasks)}"
        for carrier in state.carriers
        if carrier.pull is not None
    ]
    if state.landed:
        lines.append(
            f"- `{name}`: {named_tasks(sorted(state.landed))}, in the base at {state.report.base_commit[:12]}"
        )
    return lines
