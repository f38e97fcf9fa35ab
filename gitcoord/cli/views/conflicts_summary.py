"""Renders the end of a conflict report: waves, landing order, and whether the level can land."""

from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean, plain
from gitcoord.cli.views.styled_text import StyledText

if TYPE_CHECKING:
    from gitcoord.cli.conflicts.level_check import CheckedLevel
    from gitcoord.conflicts.model import ConflictReport


def ending(checked: "CheckedLevel", most: int | None) -> list[StyledText]:
    """Returns the waves, the landing order, and the verdict on the level."""
    report = checked.report
    lines = []
    if len(report.waves) > 1:
        for number, wave in enumerate(report.waves, 1):
            line = plain(f"Wave {number}  ", "bold")
            line.append(" + ".join(map(clean, wave)))
            lines.append(line)
    if report.landing_order:
        line = plain("Landing order  ", "bold")
        line.append(", ".join(map(clean, report.landing_order)))
        lines.append(line)
    lines.append(_failing(checked) or _verdict(report, most))
    return lines


def _failing(checked: "CheckedLevel") -> StyledText | None:
    """Returns the verdict of the check; None if it was not run or the level needs several waves."""
    level, proof = clean(checked.report.level), checked.proof
    if proof is None or not checked.report.one_wave():
        return None
    if proof.base or proof.unclear:
        return plain(f"{level} is not proved: the check has no clear result for part of it.", "bold yellow")
    if proof.failing:
        tasks = ", ".join(clean(one.task) for one in proof.failing)
        return plain(f"{level} merges, but the check fails; without {tasks} it passes.", "bold red")
    return plain(f"{level} can land as one wave, and the check passes on it.", "bold green")


def _verdict(report: "ConflictReport", most: int | None) -> StyledText:
    level = clean(report.level)
    if not report.waves and report.one_wave():
        landed = report.branches and all(branch.state == "landed" for branch in report.branches)
        return plain(f"{level} has landed." if landed else f"{level} has nothing to land yet.")
    if report.one_wave():
        absent = [clean(branch.task) for branch in report.branches if branch.state in ("missing", "empty")]
        without = f", but nothing has been submitted for {', '.join(absent)}" if absent else ""
        return plain(f"{level} can land as one wave{without}.", "bold green")
    if len(report.waves) > 1:
        least = report.at_least
        bound = "fewer are impossible" if len(report.waves) == least else f"it needs at least {least}"
        bound += "" if most is None else f" with at most {most} in each"
        return plain(f"{level} has to land in {len(report.waves)} waves; {bound}.", "bold yellow")
    return plain(f"{level} cannot land now.", "bold yellow")
