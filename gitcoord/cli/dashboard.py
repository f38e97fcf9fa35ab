"""The dashboard's door: shows pictures of the work on stderr, live on a terminal, as lines elsewhere."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from gitcoord.cli.output import clean, plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from gitcoord.running.picture import Picture


class Dashboard:
    """Shows one picture after another, until the `with` block ends; the last one stays on the screen.

    `show` may be called as often as one likes: the screen is drawn once a second, clocks go on by themselves.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console

        self._console = console or Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._picture: Picture | None = None
        self._shown_at = 0.0
        self._live: Live | None = None

    def __enter__(self) -> "Dashboard":
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=1,
                redirect_stdout=False,
                redirect_stderr=False,
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

    def show(self, picture: "Picture") -> None:
        """Makes `picture` the one that is shown."""
        self._picture, self._shown_at = picture, time.monotonic()

    def tell(self, sentence: str) -> None:
        """Says one sentence above the picture, where it stays."""
        self._console.print(plain(clean(sentence)))

    def _render(self) -> "RenderableType":
        return plain("" if self._picture is None else f"{self._picture.percent} %")
