"""The report's page in a real browser. Skipped where there is none: it takes playwright and a chromium.

`pip install '.[browser]'` and a chromium on the PATH bring them; PAGE_SHOTS=DIR keeps screenshots.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from gitcoord.events import Outcome, TasksClash
from tests.cli.test_report import HOSTILE, page_of
from tests.progress.plans import at, parent, planned, play, seventeen, sixty, task

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
CHECKS = Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no chromium on the PATH")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=BROWSER, args=[*QUIET])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of sixty units, one of seventeen tasks with clashes and landings, one full of hostile text."""
    directory = tmp_path_factory.mktemp("pages")
    clashes = {"1.9": "2.4", "2.7": "1.6"}
    ends: dict[str, list[Outcome]] = {"1.5": ["timeout", "ok"], "2.7": ["conflict", "ok"], "2.12": ["failed"]}
    plan, chain = sixty(), seventeen()
    hostile = planned([parent("1", HOSTILE, [[HOSTILE] * 2]), task("2", "1", title="x" * 300)])
    clash = TasksClash(at=at(1), by=HOSTILE, task="1", other="2", paths=(HOSTILE, "y" * 300))
    written = {
        "sixty": page_of(plan, play(plan, until=1000, clashes=clashes, ends=ends, landing=40)),
        "seventeen": page_of(chain, play(chain, clashes={"13": "12"}, ends={"13": ["conflict"]}, landing=15)),
        "hostile": page_of(hostile, play(hostile), clash),
    }
    for name, page in written.items():
        (directory / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: directory / f"{name}.html" for name in written}


@contextmanager
def opened(
    browser: "Browser", path: Path, scheme: Literal["light", "dark"] = "light", size: str = "wide"
) -> Iterator["Page"]:
    """The page; fails the test when the browser complains, asks the network, or a script gets in."""
    width, height = SIZES[size]
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    page.on(
        "request", lambda request: complaints.append(request.url) if request.url != path.as_uri() else None
    )
    page.goto(path.as_uri())
    yield page
    assert complaints == []
    context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["sixty", "seventeen", "hostile"])
def test_nothing_overlaps_or_sticks_out(
    browser: "Browser", pages: dict[str, Path], name: str, size: str
) -> None:
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        with opened(browser, pages[name], scheme, size) as page:
            assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
            assert page.evaluate(CHECKS) == {"overlapping": [], "stickingOut": [], "tooPale": []}
            if shots := os.environ.get("PAGE_SHOTS"):
                page.screenshot(path=f"{shots}/{name}-{scheme}-{size}.png", full_page=True)


def test_the_switch_changes_the_colours_against_the_system(
    browser: "Browser", pages: dict[str, Path]
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, pages["seventeen"], "dark") as page:
        dark = page.evaluate(ground)
        page.click("#theme")
        light = page.evaluate(ground)
        assert light != dark
        page.click("#theme")
        assert page.evaluate(ground) == dark
    with opened(browser, pages["seventeen"], "light") as page:
        assert page.evaluate(ground) == light


def test_rows_events_and_neighbours_can_be_looked_at(browser: "Browser", pages: dict[str, Path]) -> None:
    with opened(browser, pages["seventeen"]) as page:
        assert page.is_visible(".by-task")
        page.click("label[for=rows-slot]")
        assert (page.is_visible(".by-task"), page.is_visible(".by-slot")) == (False, True)
        page.hover(".task[data-unit='4']")
        lit = "[...document.querySelectorAll('.task.lit')].map(one => one.dataset.unit).sort()"
        assert page.evaluate(lit) == ["2", "3", "4", "5", "6"]
        page.fill("#find", "task 13 landed")
        assert page.locator("#list li:visible").count() == 1
        page.check("#bad")
        assert page.is_visible("#none")
        page.fill("#find", "")
        assert page.locator("#list li:visible").count() == 3  # the clash, the conflict, and its deferral
        page.click("summary")
        assert page.locator(".units tbody tr:visible").count() == 17
