"""The message of the commit that a worker makes of changes that an agent left uncommitted."""

from string import Template

from gitcoord.landing.pull_templates import one_line
from gitcoord.planning.model import Plan
from gitcoord.text_lists import inert
from gitcoord.worker.unit import WorkUnit


def commit_message(template: str, plan: Plan, unit: WorkUnit) -> str:
    """Fills in `template`, the setting `run.commit-message`; without one, returns the unit's id and title.

    Texts that it fills in become one line each, in which GitHub sees no mention or reference.
    """
    own = f"{unit.id}: {' '.join(unit.title.split())}"
    if not template:
        return own
    level = plan.level_of(unit.task.id)
    fields = {
        "task": unit.id,
        "title": unit.title,
        "level": level.name,
        "wave": f"{unit.task.wave} of {len(level.waves)}",
        "base": plan.base,
        "branch": unit.branch,
    }
    named = {name: inert(one_line(text)) for name, text in fields.items()}
    # git refuses to commit without a message, such as `$title` of a task without a title.
    return Template(template).substitute(named).strip() or own
