"""Links the pull requests of a level across repositories: a comment on each, kept up to date."""

from collections.abc import Mapping

from gitcoord.landing.across.model import Hands, LevelScene, MemberLook
from gitcoord.landing.pull_comments import try_to
from gitcoord.text_lists import named_tasks

_TOPIC = "repositories"


def link_pulls(
    scene: LevelScene, looks: Mapping[str, MemberLook], hands: Hands, said: dict[tuple[str, int], str]
) -> None:
    """Comments on each open pull request of the level: lists the other pull requests and the landed tasks.

    `said`: the comments that this run has already written.
    """
    if len(scene.names) < 2:
        return
    lines = {name: _lines(name, looks[name]) for name in scene.names}
    for name in scene.names:
        others = [line for other in scene.names if other != name for line in lines[other]]
        if not others:
            continue
        text = "\n".join((f"**{scene.level.name}** lands in this order, together with:", "", *others))
        for carrier in looks[name].carriers:
            number = carrier.pull.number if carrier.pull is not None else 0
            if number and said.get((name, number)) != text:
                said[name, number] = text
                try_to(lambda: hands.forge(name).say(number, _TOPIC, text))  # noqa: B023 - called at once


def _lines(name: str, look: MemberLook) -> list[str]:
    lines = [
        f"- `{name}`: {carrier.pull.url or f'pull request {carrier.pull.number}'}, "
        f"{named_tasks(carrier.tasks)}"
        for carrier in look.carriers
        if carrier.pull is not None
    ]
    if look.landed:
        lines.append(
            f"- `{name}`: {named_tasks(sorted(look.landed))}, in the base at {look.report.base_commit[:12]}"
        )
    return lines
