"""Adopted heads on the command line: finds them from the options, and prints them."""

import re
from collections.abc import Iterator, Sequence

from gitcoord.adoption.adopt import adopted_store, draft_plan, known_branches
from gitcoord.adoption.model import Adoption, AdoptionRequest, KnownHead
from gitcoord.adoption.select import select_heads
from gitcoord.cli.conflicts.level_inputs import CheckInputs, CheckRequest, require_tasks
from gitcoord.cli.context import Context
from gitcoord.cli.open_forge import open_forge
from gitcoord.cli.views.output import clean, count_of, say
from gitcoord.conflicts.model import BranchInput
from gitcoord.errors import usage_error
from gitcoord.forge.pull_requests import Forge
from gitcoord.git.remote_refs import HEADS
from gitcoord.planning.model import Plan, PlannedLevel
from gitcoord.state.store import Store

_NUMBER = re.compile(r"#?([1-9][0-9]{0,8})")
_WAYS = "`gitcoord land 12 15`, `--label NAME`, `--author LOGIN`, `--branches 'agent/*'` or `--worktrees`"


def pull_numbers(words: Sequence[str]) -> tuple[int, ...]:
    """Parses the numbers of pull requests: `12`, `#12`, or several with commas. Raises `usage` (exit 2)."""
    found = []
    for word in (part.strip() for text in words for part in text.split(",")):
        number = _NUMBER.fullmatch(word)
        if number is None:
            raise usage_error(
                "usage",
                f"{word!r} is not the number of a pull request.",
                "Write it like 12 or #12; for branches use --branches.",
            )
        found.append(int(number[1]))
    return tuple(dict.fromkeys(found))


def require_some(request: AdoptionRequest) -> None:
    """Raises `usage` (exit 2) if the request names nothing, or an author that is not a login."""
    if request.author is not None and request.author.casefold() in ("", "@", "@me"):
        raise usage_error("usage", f"--author {request.author!r} is no login.", "Write the login itself.")
    if request.empty:
        raise usage_error("usage", "There is nothing to land.", f"Name it: {_WAYS}.")


def find_heads(context: Context, forge: Forge, request: AdoptionRequest) -> tuple[Adoption, Store]:
    """Finds the requested heads, and opens the state of the heads that were adopted onto the same base."""

    def known(base: str) -> dict[str, KnownHead]:
        return known_branches(adopted_store(context.store, base))

    adoption = select_heads(
        context.repository, context.shared, forge, request, base=context.settings.base, known=known
    )
    return adoption, adopted_store(context.store, adoption.base)


def means_heads(
    context: Context, request: AdoptionRequest, *, level: str | None, save: bool, watch: bool
) -> bool:
    """Whether to compare heads instead of a level of the saved plan.

    If a plan is saved, `--worktrees` alone means the worktrees of its tasks. Raises `usage` (exit 2) if heads
    are named with an option for a plan.
    """
    named = bool(request.pulls or request.lists_pulls or request.branches)
    if named and (level is not None or save or watch):
        raise usage_error(
            "usage",
            "Pull requests and branches cannot be used with LEVEL, --save or --watch: they are in no plan.",
            "Leave them out, or land with `gitcoord land`.",
        )
    if named or not request.worktrees or level is not None or save or watch:
        return named
    context.store.refresh()
    return context.store.plan() is None


def read_heads(
    context: Context,
    request: AdoptionRequest,
    check_request: CheckRequest,
    forge: str | None,
    repository: str | None,
) -> CheckInputs:
    """Finds the heads and returns the inputs of the conflict check; prints excluded heads to stderr."""
    opened = open_forge(context, requested=forge, repository=repository)
    adoption, store = find_heads(context, opened, request)
    for line in excluded_lines(adoption):
        say(line)
    plan, level = draft_plan(store, context.shared, adoption, "multi-pr")
    require_tasks(level, check_request)
    return adopted_inputs(plan, level, adoption)


def adopted_inputs(plan: Plan, level: PlannedLevel, adoption: Adoption) -> CheckInputs:
    """Returns the inputs of the conflict check for adopted heads."""
    head = {head.branch: head for head in adoption.heads}
    planned = (plan.tasks[task] for task in level.tasks)
    branches = (
        BranchInput(
            task=one.id,
            branch=one.branch,
            commit=head[one.branch].commit,
            landed=head[one.branch].merged,
        )
        for one in planned
    )
    return CheckInputs(
        plan=plan, level=level, base_commit=adoption.base_commit, branches=tuple(branches), adopted=True
    )


def excluded_lines(adoption: Adoption) -> Iterator[str]:
    """Yields one line for each excluded head, with the reason."""
    for one in adoption.excluded:
        yield f"{'Done' if one.settled else 'Left out'}: {clean(one.name)}: {clean(one.reason)}."


def push_lines(adoption: Adoption, remote: str | None) -> Iterator[str]:
    """Yields one line for each branch that gitcoord pushes to the remote before landing."""
    for push in adoption.pushes:
        how = "is new there" if push.old is None else f"is at {push.old[:12]} there"
        name = clean(push.ref.removeprefix(HEADS))
        yield f"Pushed first: {name} at {(push.new or '')[:12]}, which {how} ({clean(remote or '')})."


def heads_word(adoption: Adoption) -> str:
    """Returns the number of heads of each kind, such as `2 pull requests and 1 branch`."""
    pulls = sum(head.pull is not None for head in adoption.heads)
    branches = len(adoption.heads) - pulls
    parts = [count_of(pulls, "pull request")] if pulls else []
    parts += [f"{branches:,} branch{'' if branches == 1 else 'es'}"] if branches else []
    return " and ".join(parts)
