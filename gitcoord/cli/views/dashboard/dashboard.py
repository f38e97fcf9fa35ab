"""The dashboard: shows pictures of the work, live on a terminal, as lines elsewhere.

A run shows them on stderr, `status --watch` on stdout.
"""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from gitcoord.cli.views.dashboard.lines import PlainLines
from gitcoord.cli.views.notices import asks_somebody, is_in_journal, notice_sentence
from gitcoord.cli.views.output import clean, plain
from gitcoord.notices import ChecksRunning
from gitcoord.progress.make_picture import needing_somebody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType
    from rich.live import Live

    from gitcoord.events import AnyEvent
    from gitcoord.notices import AnyNotice
    from gitcoord.progress.make_picture import Picture

_SOONEST = 0.5
"""The least seconds between two pictures: a person cannot read more, however many events a run has."""


class Dashboard:
    """Shows one picture after another, until the `with` block ends; the last one stays on the screen.

    `show` may be called at any rate: the dashboard draws at most twice, and at least once, a second, so that
    clocks keep running. `tell` prints a notice above the picture, unless the notice is in the journal, which
    the picture shows.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console

        self._console = console or Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._pictures: dict[str, tuple[Picture, float]] = {}
        self._drawn_at = 0.0
        self._live: Live | None = None
        self._lines: dict[str, PlainLines] = {}
        self._window: ChecksRunning | None = None
        self._needing: dict[str, frozenset[str]] = {}

    def __enter__(self) -> "Dashboard":
        # With FORCE_COLOR, rich treats a log file as a terminal; draw only on a real terminal.
        if self._console.is_terminal and not self._console.is_dumb_terminal and self._console.file.isatty():
            from rich.live import Live

            self._live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=1,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="crop",
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def skip(self, events: "Sequence[AnyEvent]") -> None:
        """Marks the journal's first events as printed: they are older than the first picture."""
        self._lines.setdefault("", PlainLines()).skip(events)

    def show(
        self, picture: "Picture", events: "Sequence[AnyEvent]", *, name: str = "", last: bool = False
    ) -> None:
        """Shows `picture`, made from the journal's `events`; rings the bell if another task needs a person.

        `name`: the repository of the picture; shows the pictures of several repositories below each other.
        """
        now = time.monotonic()
        self._pictures[name] = (picture, now)
        if self._live is None:
            lines = self._lines.setdefault(name, PlainLines())
            for line in lines.lines(picture, events, now, last=last):
                self._print(f"{clean(name)}: {line}" if name else line)
        elif now - self._drawn_at >= _SOONEST:
            self._live.refresh()
        needing = needing_somebody(picture)
        if needing - self._needing.get(name, needing):
            self._ring()
        self._needing[name] = needing

    def tell(self, notice: "AnyNotice") -> None:
        """Prints a notice above the picture, unless that shows it; rings the bell if a person must act."""
        if isinstance(notice, ChecksRunning):
            self._window = notice if notice.running else None
            return
        if not is_in_journal(notice):
            self.say(notice_sentence(notice))
        if asks_somebody(notice):
            self._ring()

    def say(self, sentence: str) -> None:
        """Prints one sentence above the dashboard, where it stays."""
        self._print(clean(sentence))

    def _ring(self) -> None:
        """Rings the terminal's bell because a person is needed; does nothing without a terminal."""
        if self._live is not None:
            self._console.bell()

    def _print(self, line: str) -> None:
        self._console.print(plain(line), soft_wrap=True)

    def _render(self) -> "RenderableType":
        from rich.console import Group

        from gitcoord.cli.views.dashboard.check_window import window_line
        from gitcoord.cli.views.dashboard.live_view import dashboard_view

        self._drawn_at = time.monotonic()
        if not self._pictures:
            return plain("")
        size = self._console.size
        below = [window_line(self._window, size.width)] if self._window is not None else []
        # Leave the last line for the cursor.
        height = (size.height - 1 - len(below)) // len(self._pictures)
        parts: list[RenderableType] = []
        for name, (picture, shown_at) in self._pictures.items():
            shift = max(0.0, self._drawn_at - shown_at)
            if name:
                parts.append(plain(f"Repository {clean(name)}", "bold magenta"))
            parts.append(dashboard_view(picture, size.width, height - bool(name), shift))
        return Group(*parts, *below)
