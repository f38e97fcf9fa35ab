"""Renders a picture of the work for a terminal of any size: header, work, clashes, newest events.

Lays everything out in complete lines, so the dashboard is never higher than the terminal.
"""

from typing import TYPE_CHECKING

from gitcoord.cli.views.dashboard.lines import run_words
from gitcoord.cli.views.dashboard.rows import Frame, Line, choose, frames_of, word
from gitcoord.cli.views.output import clean
from gitcoord.cli.views.times import QUIET, clock, duration, time_of_day
from gitcoord.progress.unit_state import FINISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Group
    from rich.text import Text

    from gitcoord.progress.make_picture import Picture, RecentEvent, UnitState, UnitView

MARKS: "dict[UnitState, tuple[str, str]]" = {
    "landed": ("█", "green"),
    "submitted": ("▓", "blue"),
    "done": ("▒", "blue"),
    "running": ("▶", "bold cyan"),
    "ready": ("○", "yellow"),
    "waiting": ("·", "dim"),
    "deferred": ("!", "bold red"),
    "failed": ("✗", "bold red"),
    "blocked": ("⊘", "red"),
    "cancelled": ("–", "magenta"),
}
_NEWS = {"attempt-ended": "green", "landed": "bold green", "attempt-started": "dim", "run": "bold"}
_WIDE = 120
_LOW = 20
_ORDER: "tuple[UnitState, ...]" = ("landed", "submitted", "done", "running", "deferred", "failed")


def dashboard_view(picture: "Picture", width: int, height: int, shift: float = 0.0) -> "Group":
    """Returns the dashboard for `width` columns and `height` lines, `shift` seconds after the picture."""
    from rich.console import Group

    head = [*_header(picture, width, shift), styled()]
    foot = [_legend(picture, width)] if height >= _LOW else []
    room = max(4, height - len(head) - len(foot))
    if width >= _WIDE:
        body = _side_by_side(picture, width, room, shift)
    else:
        clashes = _clashes(picture, width, 2 if height >= _LOW else 1)
        most = max(2, min(len(picture.news), room // 4))
        news = _news(picture.news, width, most) if height >= _LOW else []
        work = _work(picture, width, room - len(clashes) - len(news), shift)
        body = [*work, *clashes, *news]
    return Group(*head, *body[:room], *foot)


def _header(picture: "Picture", width: int, shift: float) -> "list[Text]":
    going = picture.run == "running" or bool(picture.counts.get("running"))
    pace = picture.pace
    first = styled("gitcoord ", "bold")
    said, style, aside = run_words(picture, shift)
    first.append(said, style)
    first.append(aside, "dim")
    if picture.closed:
        first.append(f"  usage limit until {time_of_day(picture.closed_until)}", "bold yellow")
    first.append(f"  {clean(picture.engine)}, onto {clean(picture.base)}, {picture.strategy}", "dim")
    slots = f"slots {picture.slots}" + (f" of {picture.slot_limit}" if picture.slot_limit else "")
    right = styled(slots, "bold" if picture.slots else "dim")
    right.append(_tokens(picture), "dim")
    times = styled(duration(pace.elapsed + (shift if going else 0)), "bold")
    times.append(" so far", "dim")
    times.append_text(_left(picture, shift if going else 0.0))
    if picture.done and pace.saved >= 1 and pace.elapsed:
        times.append(" · ", "dim")
        times.append(f"{duration(pace.saved)} saved", "green")
        times.append(f" ({pace.sequential / pace.elapsed:.1f}× one by one)", "dim")
    return [_edges(first, right, width), _bar(picture, width), _counts(picture, width), _cut(times, width)]


def _left(picture: "Picture", shift: float) -> "Text":
    remaining = picture.pace.remaining
    if remaining is None or picture.percent == 100:
        return styled(" · no task can continue", "red") if remaining is None else styled()
    text = styled(" · ", "dim")
    text.append(f"about {duration(max(0.0, remaining - shift))} left")
    if not picture.pace.measured:
        text.append(" by the plan's estimates", "dim")
    return text


def _tokens(picture: "Picture") -> str:
    cost = f", ${picture.usd_spent:,.2f}" if picture.usd_spent else ""
    if picture.token_limit:
        spent = f", {_short(picture.tokens_spent)} spent" if picture.tokens_spent else ""
        return f"  tokens {_short(picture.tokens)} of {_short(picture.token_limit)}{spent}{cost}"
    return f"  tokens {_short(picture.tokens_spent)}{cost}" if picture.tokens_spent else ""


def _short(count: int) -> str:
    for size, name in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g}{name}"
    return str(count)


def _bar(picture: "Picture", width: int) -> "Text":
    """Returns one bar of the states, each at least one cell wide; only finished states are filled."""
    label = f" {picture.percent:3} %"
    cells = max(10, width - len(label))
    bar = styled()
    used = 0
    for state in _ORDER:
        count = picture.counts.get(state, 0)
        if count:
            length = min(cells - used, max(1, cells * count // max(1, picture.units)))
            mark, style = MARKS[state]
            bar.append(("█" if state in FINISHED else mark) * length, style.removeprefix("bold "))
            used += length
    bar.append("░" * (cells - used), "dim")
    bar.append(label, "bold")
    return bar


def _counts(picture: "Picture", width: int) -> "Text":
    line = styled(f"{picture.done} of {picture.units} done", "bold")
    for state in ("running", "ready", "failed", "deferred", "blocked", "cancelled", "waiting"):
        count = picture.counts.get(state, 0)
        if count:
            line.append(", ", "dim")
            line.append(f"{count} {word(state)}", MARKS[state][1])
    held = [f"{count} for {clean(name)}" for name, count in picture.holding.items() if name != "slots"]
    if held:
        line.append(f" ({', '.join(held)})", "dim")
    landed = styled(f"{picture.landed} of {picture.tasks} tasks landed", "green" if picture.landed else "dim")
    return _edges(line, landed, width)


def _work(picture: "Picture", width: int, room: int, shift: float) -> "list[Text]":
    return [_line(line, picture, width, shift) for line in choose(frames_of(picture), max(1, room))]


def _line(line: Line, picture: "Picture", width: int, shift: float) -> "Text":
    if line.frame is None:
        return _cut(styled(f"  … {clean(line.note)}", "dim"), width)
    if line.unit is None:
        return _headline(line.frame, width)
    return _unit(line.unit, line.frame, picture, width, shift)


def _headline(frame: Frame, width: int) -> "Text":
    """Returns a headline: name and title left, one mark for each unit right, with a gap between waves."""
    mark, style = MARKS[frame.state]
    left = styled(f"{mark} ", style)
    left.append(clean(frame.key), "bold cyan" if frame.parent is None else "bold")
    left.append(f" {clean(frame.title)}", "" if frame.active else "dim")
    if frame.parent is not None and frame.parent.critical:
        left.append(" ◆", "red")
    right = _strip(frame, max(width // 2, width - left.cell_len - 10))
    right.append(f" {frame.done:>3}/{len(frame.units)}", "bold" if frame.active else "dim")
    return _edges(left, right, width)


def _strip(frame: Frame, most: int) -> "Text":
    strip = styled()
    if len(frame.units) + len(frame.waves) > most:
        filled = (most - 2) * frame.done // len(frame.units)
        strip.append("█" * filled, MARKS["landed" if frame.state == "landed" else "done"][1])
        strip.append("░" * (most - 2 - filled), "dim")
        return strip
    for number, wave in enumerate(frame.waves):
        strip.append(" " if number else "")
        for unit in wave:
            strip.append(*MARKS[unit.state])
    return strip


def _unit(unit: "UnitView", frame: Frame, picture: "Picture", width: int, shift: float) -> "Text":
    mark, style = MARKS[unit.state]
    left = styled(f"  {mark} ", style)
    left.append(f"{clean(unit.id)} ", "" if unit.state != "waiting" else "dim")
    left.append(clean(unit.title), "dim" if unit.state in ("waiting", *FINISHED) else "")
    if unit.blocks:
        left.append(f"  blocks {unit.blocks}", "bold red")
    against = _clashing(unit.id, frame, picture)
    if against:
        left.append(f"  clashes with {against}", "bold red")
    # The header shows that all slots are taken.
    if unit.why and unit.state != "running" and unit.held != "slots":
        left.append(
            f"  {clean(unit.why)}", "red" if unit.state in ("failed", "deferred", "blocked") else "dim"
        )
    right = styled()
    if unit.state == "running" and unit.quiet is not None and unit.quiet + shift >= QUIET:
        left.append(f"  last output {duration(unit.quiet + shift)} ago", "yellow")
    if unit.state == "running":
        number = f"attempt {unit.attempt} " if unit.attempt > 1 else ""
        right.append(f"{'rework ' if unit.rework else number}", "yellow")
        right.append(f"{clean(_shortened(unit.by, 20))} ", "dim")
        right.append(f"{clock(unit.seconds + shift):>7}", "cyan")
    elif unit.seconds:
        right.append(f"{word(unit.state)} {clock(unit.seconds):>7}", "dim")
    else:
        right.append(f"{word(unit.state):>7}", "dim")
    return _edges(left, right, width)


def _clashing(unit: str, frame: Frame, picture: "Picture") -> str:
    names = {unit, frame.key}
    others = [
        clash.other if clash.task in names else clash.task
        for clash in picture.clashes
        if clash.open and (clash.task in names or clash.other in names)
    ]
    return ", ".join(clean(other) for other in dict.fromkeys(others))


def _clashes(picture: "Picture", width: int, most: int) -> "list[Text]":
    open_ones = [clash for clash in picture.clashes if clash.open]
    lines = []
    for clash in open_ones[:most]:
        text = styled("! ", "bold red")
        text.append(f"{clean(clash.task)} and {clean(clash.other)} clash", "red")
        text.append(f" in {clean(', '.join(clash.paths[:4]))}" if clash.paths else "")
        lines.append(_cut(text, width))
    if len(open_ones) > most and lines:
        lines[-1] = _edges(lines[-1], styled(f" and {len(open_ones) - most} more clashes", "red"), width)
    return lines


def _news(news: "Sequence[RecentEvent]", width: int, most: int) -> "list[Text]":
    lines = []
    for one in news[-most:] if most else []:
        text = styled(f"{clean(time_of_day(one.at))} ", "dim")
        text.append(clean(one.short), "red" if one.bad else _NEWS.get(one.kind, ""))
        lines.append(_cut(text, width))
    return lines


def _side_by_side(picture: "Picture", width: int, room: int, shift: float) -> "list[Text]":
    """Returns the lines with work on the left, clashes and events on the right."""
    right_width = min(70, width * 2 // 5)
    left_width = width - right_width - 3
    left = _work(picture, left_width, room, shift)
    clashes = _clashes(picture, right_width, 5)
    right = [styled("Clashes", "bold red"), *clashes, styled()] if clashes else []
    newest = _news(picture.news, right_width, min(len(picture.news), max(len(left), 12) - len(right) - 1))
    right += [styled("Newest events", "bold"), *reversed(newest)]
    lines = []
    for number in range(max(len(left), len(right))):
        line = left[number] if number < len(left) else styled()
        line = _padded(line, left_width)
        line.append(" │ ", "dim")
        line.append_text(right[number] if number < len(right) else styled())
        lines.append(line)
    return lines


def _legend(picture: "Picture", width: int) -> "Text":
    """Explains the marks that are on the screen."""
    line = styled()
    for state, (mark, style) in MARKS.items():
        if picture.counts.get(state):
            line.append(f"{mark} ", style)
            line.append(f"{word(state)}  ", "dim")
    return _cut(line, width)


def styled(text: str = "", style: str = "") -> "Text":
    """Returns `text` in `style`; the style does not apply to parts that are appended later."""
    from rich.text import Text

    return Text().append(text, style)


def _edges(left: "Text", right: "Text", width: int) -> "Text":
    """Joins `left` and `right` to a line of `width` columns; shortens `left` if needed."""
    line = _padded(left, max(0, width - right.cell_len - 1))
    line.append(" ")
    line.append_text(right)
    return _cut(line, width)


def _padded(text: "Text", width: int) -> "Text":
    line = text.copy()
    line.truncate(width, overflow="ellipsis", pad=True)
    return line


def _cut(text: "Text", width: int) -> "Text":
    text.truncate(width, overflow="ellipsis")
    text.no_wrap = True
    return text


def _shortened(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
