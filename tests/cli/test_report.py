"""`gitcoord report` over real repositories: as text, for a program, and as a page that needs nothing else."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from gitcoord.cli.views.output import show
from gitcoord.cli.views.report.page import report_page
from gitcoord.cli.views.report.text import report_text
from gitcoord.cli.views.report.tiles import story_of
from gitcoord.events import AnyEvent, AttemptEnded, AttemptStarted, TaskDeferred, TasksClash
from gitcoord.outside import OutsideChange
from gitcoord.planning.model import Plan
from gitcoord.progress.make_metrics import make_metrics
from gitcoord.progress.make_picture import make_picture
from tests.progress.plans import Played, at, parent, planned, play, sixty, task
from tests.state.world import plan_of, store_of
from tests.support.cli import gitcoord
from tests.support.repos import Repo

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"' {{ 7*7 }}\x1b[2J\u202e\udce9"


def page_of(plan: Plan, played: Played, *more: AnyEvent) -> str:
    events, now = (*played.events, *more), at(played.seconds)
    picture = make_picture(plan, events, played.landed, now)
    return report_page(plan, picture, make_metrics(plan, events, played.landed, now), events)


class Elements(HTMLParser):
    """Every element of a page with its attributes, and whether all that opens closes."""

    VOID = frozenset({"meta", "input", "rect", "line", "circle", "path"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def desk(tmp_path: Path) -> Repo:
    """A clone whose journal holds a run of three tasks, the third at work."""
    _, desk = Repo.pair(tmp_path)
    plan = planned(
        [task("1", minutes=10), task("2", minutes=10), task("3", "1", "2", minutes=5)], max_parallel=2
    )
    store = store_of(desk)
    store.save_plan(plan)
    for event in play(plan, until=700, clashes={"1": "2"}).events:
        if event.task:
            store.record(event)
    return desk


def test_a_program_gets_every_number(desk: Repo) -> None:
    document = gitcoord("report", "--json", cwd=desk.path, ok=0).json
    assert document["schema"] == "gitcoord.report/1"
    assert (document["elapsed"] > 1200, document["sequential"]) == (True, 1200)
    assert (document["tries"], document["handed_in"], document["tasks"], document["landed"]) == (3, 2, 3, 0)
    assert document["conflicts"]["pairs"] == [
        {
            "tasks": ["1", "2"],
            "predicted": False,
            "found": True,
            "paths": ["src/api/routes.py", "src/models.py"],
            "by_check": False,
        }
    ]
    assert [bar["unit"] for bar in document["bars"]] == ["1", "2", "3"]
    assert document["bars"][2]["outcome"] is None


def test_a_person_sees_it_in_eighty_columns(desk: Repo) -> None:
    ran = gitcoord("report", cwd=desk.path, env={"COLUMNS": "80", "PYTHONPROFILEIMPORTTIME": "1"}, ok=0)
    assert ran.out.startswith("0 of 3 tasks landed, 66 % of the work done\n")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert re.search(r"Speed-up +0\.\d\d × +the plan predicted 1.67×", ran.out)
    assert re.search(r"Critical path +[12] → 3 ", ran.out)
    assert "1 clash found, 0 predicted; 1 pair of tasks ran in parallel." in ran.out
    assert re.search(r"^ 3 .*▶", ran.out, re.MULTILINE)
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert "gitcoord.cli.views.report.text" in loaded
    assert not loaded & {"jinja2", "pygit2", "github"}


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_long_title_alone_gives_way(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    titled = [task(f"1{number}", title="A long title " * number, minutes=90) for number in range(1, 30)]
    plan = planned(titled)
    played = play(plan)
    picture = make_picture(plan, played.events, played.landed, at(played.seconds))
    metrics = make_metrics(plan, played.events, played.landed, at(played.seconds))
    monkeypatch.setenv("COLUMNS", str(width))
    show(*report_text(picture, metrics))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if "A long" in line]
    assert len(rows) == 29
    assert all(re.match(r" 1\d+ +[█ ]{44} +1 h 30 min  A long", row) for row in rows)


def test_the_page_is_written_where_it_is_wanted(desk: Repo, tmp_path: Path) -> None:
    ran = gitcoord("report", "--html", str(tmp_path / "r.html"), cwd=desk.path, ok=0)
    assert (ran.out, ran.err.strip()) == ("", f"The report is in {tmp_path / 'r.html'}.")
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert gitcoord("report", "--html", "-", cwd=desk.path, ok=0).out.startswith("<!doctype html>")
    nowhere = gitcoord("report", "--html", str(tmp_path / "none" / "r.html"), cwd=desk.path, ok=2)
    assert "cannot be written" in nowhere.err


def test_before_anything_has_run_there_is_a_report_too(tmp_path: Path) -> None:
    _, desk = Repo.pair(tmp_path)
    assert gitcoord("report", cwd=desk.path, ok=2).err.startswith("gitcoord: No plan is saved")
    store_of(desk).save_plan(plan_of([[["1"]]]))
    assert "No task has started yet." in gitcoord("report", cwd=desk.path, ok=0).out
    assert gitcoord("report", "--json", cwd=desk.path, ok=0).json["bars"] == []
    assert "No task has started yet." in gitcoord("report", "--html", "-", cwd=desk.path, ok=0).out


def test_the_story_calls_slower_slower_and_nothing_failed_that_was_cancelled() -> None:
    plan = planned([task("1", minutes=10), task("2", minutes=10)], max_parallel=1)
    played = play(plan, ends={"2": ["cancelled", "conflict", "conflict", "ok"]})
    now = at(played.seconds)
    picture = make_picture(plan, played.events, played.landed, now)
    story = story_of(picture, make_metrics(plan, played.events, played.landed, now)).replace("\u00a0", " ")
    assert "more than one worker doing the same work" in story
    assert "1 ended by cancelling, 1 resolved a conflict and 1 left a conflict unresolved." in story


def test_the_story_counts_units_of_the_plan_and_tells_checks_from_conflicts() -> None:
    plan = planned([parent("1", "Both", [["A", "B"]]), task("2")])
    events: list[AnyEvent] = []
    for number, (unit, attempt) in enumerate((("1.1", 1), ("1.2", 1), ("2", 1), ("1", 1))):
        if unit == "1":
            failed = TaskDeferred(
                at=at(90), by="x", task="1", head="0" * 40, reason="it fails", check="digest"
            )
            events.append(failed)
        begun = {"attempt": attempt, "branch": "b", "base": "0" * 40, "rework": unit == "1"}
        events += [
            AttemptStarted(at=at(number * 100), by="x", task=unit, **begun),  # type: ignore[arg-type]
            AttemptEnded(at=at(number * 100 + 50), by="x", task=unit, attempt=attempt, outcome="ok"),
        ]
    picture = make_picture(plan, events, {}, at(400))
    metrics = make_metrics(plan, events, (), at(400))
    assert metrics.handed_in == picture.units == 3
    assert "Of 4 attempts, 1 fixed a failed check." in story_of(picture, metrics)


def test_the_page_needs_nothing_else_and_lets_nothing_else_in() -> None:
    plan = sixty()
    page = page_of(plan, play(plan, until=700, clashes={"1.9": "2.4"}))
    elements = Elements(page)
    assert elements.open == []
    assert not {"link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in elements.found}
    attributes = {name for _, attrs in elements.found for name in attrs}
    assert not {"src", "style", "onclick"} & attributes
    links = [attrs["href"] for tag, attrs in elements.found if tag == "a"]
    assert all(link and link.startswith("#") for link in links)
    assert "http" not in page.replace('http-equiv="', "")
    policy = next(a["content"] for _, a in elements.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        body = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body[0].encode()).digest()).decode()
        assert len(body) == 1
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_page_names_what_changed_outside_of_the_checkouts() -> None:
    plan = planned([task("1"), task("2")])
    assert 'id="outside"' not in page_of(plan, play(plan))
    changes = (
        OutsideChange(kind="file", name=HOSTILE, place="/home/me/app"),
        OutsideChange(kind="branch", name="other", was="1234567890" * 4, by_agent=True),
    )
    ended = AttemptEnded(
        at=at(2), by="x", task="1", attempt=1, outcome="ok", outside=changes, outside_count=5
    )
    later = msgspec.structs.replace(ended, task="10", outside=changes[:1], outside_count=1)
    page = page_of(plan, play(plan), later, ended)
    (section,) = re.findall(r"<section id=\"outside\".*?</section>", page, re.DOTALL)
    rows = re.findall(r"<li class=\"(.*?)\"><code>(.*?)</code> <span>(.*?)</span></li>", section)
    assert rows[0] == ("proved", "the branch other (was at 123456789012)", "by the git of task 1")
    assert (rows[1][0], rows[1][2]) == ("", "while tasks 1, 10 ran")
    assert "&lt;script&gt;alert(1)" in rows[1][1]
    assert "3 more are left out" in section
    assert Elements(page).open == []


def test_everything_untrusted_is_escaped() -> None:
    plan = planned(
        [
            parent("1", HOSTILE, [[HOSTILE, HOSTILE]]),
            task("2", title=HOSTILE, modifies=("a",)),
            task("3", title=HOSTILE, modifies=("a",)),
        ]
    )
    clash = TasksClash(at=at(1), by=HOSTILE, task="2", other="3", paths=(HOSTILE,))
    page = page_of(plan, play(plan), clash)
    page.encode()  # no lone surrogate is left
    assert page.count("<script>") == page.count("</script>") == 1
    assert "<img" not in page
    assert "{{ 7*7 }}" in page
    assert "49" not in re.findall(r"<td class=\"title\">(.*?)</td>", page)
    assert not set("\x1b\u202e\udce9") & set(page)
    assert "&lt;script&gt;alert(1)" in page
    elements = Elements(page)
    assert not any(name.startswith("on") for _, attrs in elements.found for name in attrs)


def test_a_page_of_a_thousand_tasks_stays_small_and_says_what_it_leaves_out() -> None:
    plan = planned([task(str(number)) for number in range(1, 1001)], max_parallel=8)
    page = page_of(plan, play(plan))
    assert len(page) < 2_000_000
    assert "400 more rows are left out" in page
    assert "There are too many tasks for a picture" in page
    assert "older events are left out" in page
