"""Makes the pictures of the README and the site: `python -m scripts.pictures`.

They show the plan of sixty units that the tests play, at one moment of its run. The one of the report needs
a chromium on PATH.
"""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from gitcoord.cli.views.dashboard.live_view import dashboard_view
from gitcoord.cli.views.report.page import report_page
from gitcoord.progress.make_metrics import make_metrics
from gitcoord.progress.make_picture import make_picture
from tests.progress.plans import at, simulate, sixty

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_MOMENT = 500.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Writes `docs/pictures/`."""
    PICTURES.mkdir(exist_ok=True)
    plan = sixty()
    played = simulate(
        plan,
        until=_MOMENT,
        ends={"2.3": ["failed"], "1.5": ["timeout"]},
        clashes={"1.9": "2.4", "1.3": "2.1"},
    )
    picture = make_picture(plan, played.events, played.landed, at(_MOMENT))
    console = Console(file=io.StringIO(), record=True, width=92, height=26, force_terminal=True)
    console.print(dashboard_view(picture, 92, 26))
    console.save_svg(
        str(PICTURES / "dashboard.svg"), title="gitcoord run", theme=MONOKAI, unique_id="gitcoord"
    )
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        print("There is no chromium on PATH: the picture of the report stays as it is.")
        return
    metrics = make_metrics(plan, played.events, played.landed, at(_MOMENT))
    with tempfile.TemporaryDirectory() as place:
        page = Path(place) / "report.html"
        page.write_text(
            report_page(plan, picture, metrics, played.events), encoding="utf-8", errors="replace"
        )
        shoot(browser, page.as_uri(), PICTURES / "report.png", size=(920, 760))


def shoot(browser: str, address: str, file: Path, *, size: tuple[int, int], dark: bool = False) -> None:
    """A screenshot of a page."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    options += ["--blink-settings=preferredColorScheme=0"] if dark else []
    subprocess.run(
        [browser, *options, f"--window-size={size[0]},{size[1]}", f"--screenshot={file}", address],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    main()
