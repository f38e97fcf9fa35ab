"""Encodes a journal event as a JSON document, for the `on-event` command."""

import shlex
from typing import TYPE_CHECKING

import msgspec

from gitcoord.cli.views.output import as_json
from gitcoord.errors import usage_error
from gitcoord.events import AnyEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitcoord.notices import Tell
    from gitcoord.run.event_feed import EventFeed
    from gitcoord.settings import RunSettings


def event_text(event: AnyEvent) -> str:
    """Returns the event as a one-line document `gitcoord.event/1`: its name, sentence and fields."""
    fields = msgspec.to_builtins(event, str_keys=True)
    name = fields.pop(event.__struct_config__.tag_field)
    return as_json("event", {"event": name, "sentence": event.sentence(), **fields})


def event_words(run: "RunSettings") -> list[str]:
    """Returns the words of the `on-event` command. Raises `bad-settings` (exit 2) for an open quote."""
    if run.shell and run.on_event:
        return ["sh", "-c", run.on_event]
    try:
        return shlex.split(run.on_event)
    except ValueError as error:
        raise usage_error(
            "bad-settings", f"`run.on-event` cannot be read: {error}.", "Close its quotes."
        ) from None


def event_feed(run: "RunSettings", known: "Sequence[AnyEvent]", tell: "Tell") -> "EventFeed | None":
    """Returns a feed that passes new events to the `on-event` command; None without a command."""
    from gitcoord.run.event_feed import EventFeed

    words = event_words(run)
    if not words:
        return None
    feed = EventFeed(words, event_text, tell)
    feed.skip(known)
    return feed
