"""`gitcoord log`: prints the journal, one line for each event, newest last."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.landing.adopted_options import Adopted, AdoptedBase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitcoord.cli.context import Context
    from gitcoord.events import AnyEvent
    from gitcoord.git.git_cli import Oid
    from gitcoord.state.store import Store

    Row = tuple[str, Oid, AnyEvent]
    """The repository that recorded an event, the event's commit, and the event."""

_MOST_NAME = 24
_EPILOG = """\b
Examples:
  gitcoord log                 # everything that happened
  gitcoord log -n 20           # the newest twenty events
  gitcoord log --task 3        # what happened to task 3
  gitcoord log --generation 1  # what happened under the first task list
  gitcoord log --adopted       # the events of heads that `land` adopted
  gitcoord log --json          # the same for a program
"""


@app.command("log", epilog=_EPILOG)
def log(
    task: Annotated[
        str | None, typer.Option("--task", metavar="TASK", help="Only the events of this task.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("-n", "--number", min=1, metavar="N", help="Only the newest N events.")
    ] = None,
    generation: Annotated[
        int | None,
        typer.Option(
            "--generation",
            min=1,
            metavar="N",
            help="Show the journal of an earlier task list (1: the first).",
        ),
    ] = None,
    adopted: Adopted = False,
    base: AdoptedBase = None,
    as_json: Annotated[bool, typer.Option("--json", help="One gitcoord.log/1 document on stdout.")] = False,
) -> None:
    """Show the journal: what happened, when, and who did it; the newest event comes last."""
    from gitcoord.cli.across.each_repository import all_places, places_with
    from gitcoord.cli.landing.adopted_state import choose_state
    from gitcoord.cli.views.output import emit, emit_json, say, warn

    places = all_places(reads=True, levels=True) if task is None else places_with([task], reads=True)
    rows: list[Row] = []
    for place in places:
        choose_state(place.context, adopted=adopted, base=base)
        warn(place.context.store.problems())
        store = _store(place.context, generation)
        rows += [(place.name, commit, event) for commit, event in _events(store, task)]
    if len(places) > 1:
        rows.sort(key=lambda row: row[2].at)
    if count is not None:
        rows = rows[-count:]
    if as_json:
        emit_json("log", _documents([place.name for place in places], rows))
        return
    if not rows:
        say("Nothing has happened yet." if task is None else f"Nothing has happened to task {task} yet.")
    for line in _lines(rows):
        emit(line)
    if store.generation > 1:
        before = store.generation - 1
        say(f"This is generation {store.generation}; earlier ones: `gitcoord log --generation {before}`.")


def _documents(names: "Sequence[str]", rows: "Sequence[Row]") -> dict[str, object]:
    """Returns the document with the events, by repository if there are several."""
    found: dict[str, dict[str, object]] = {
        name: {"events": [_document(commit, event) for where, commit, event in rows if where == name]}
        for name in names
    }
    return found[""] if list(found) == [""] else {"repositories": found}


def _store(context: "Context", generation: int | None) -> "Store":
    """Returns the state of `generation`; None: the current one. Raises `no-such-generation` (exit 2)."""
    from gitcoord.errors import usage_error

    store = context.store
    if generation is None or generation == store.generation:
        return store
    known = max(*store.generations(), store.generation)
    if generation > known:
        raise usage_error(
            "no-such-generation", f"There is no generation {generation}.", f"The last is {known}."
        )
    return store.of_generation(generation)


def _events(store: "Store", task: str | None) -> "list[tuple[Oid, AnyEvent]]":
    """Returns the events of `task`, or all, each with its commit. Raises `no-such-task` (exit 2)."""
    from gitcoord.errors import usage_error

    journal = [(entry.commit, entry.event) for entry in store.journal() if entry.event is not None]
    if task is None:
        return journal
    found = [(commit, event) for commit, event in journal if event.task == task]
    if not found:
        plan = store.plan()
        if plan is None or task not in plan.tasks:
            known = "" if plan is None else f"Tasks of the plan: {', '.join(list(plan.tasks)[:20])}."
            raise usage_error("no-such-task", f"There is no task {task!r} in the plan or the journal.", known)
    return found


def _document(commit: "Oid", event: "AnyEvent") -> dict[str, str | None]:
    return {
        "at": event.at,
        "by": event.by,
        "event": str(event.__struct_config__.tag),
        "task": event.task,
        "sentence": event.sentence(),
        "commit": commit,
    }


def _lines(rows: "Sequence[Row]") -> list[str]:
    from gitcoord.cli.views.output import clean
    from gitcoord.cli.views.times import on_the_clock

    names = [clean(event.by) for _, _, event in rows]
    widest = max((min(len(name), _MOST_NAME) for name in names), default=0)
    places = max((len(place) for place, _, _ in rows), default=0)
    return [
        f"{clean(on_the_clock(event.at))}  {f'{place:<{places}}  ' if places else ''}{name:<{widest}}  "
        f"{clean(event.sentence())}"
        for name, (place, _, event) in zip(names, rows, strict=True)
    ]
