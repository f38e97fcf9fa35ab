"""Renders hotspots: the files by their number of conflicts, and the remedies."""

from typing import TYPE_CHECKING

from gitcoord.cli.views.output import clean, count_of, emit, percent, plain, say, show
from gitcoord.cli.views.styled_text import TextColumn, TextTable

if TYPE_CHECKING:
    from gitcoord.foresight.hotspots import HotspotReport

_MOST = 20
_HELP = {
    "union": "a union rule, or a file for each entry",
    "regenerate": "a regenerate rule: landing regenerates it",
    "exclusive": "an exclusive rule: one task at a time",
    "split": "smaller files, or `modifies` in the tasks",
}


def print_report(report: "HotspotReport") -> None:
    """Prints the report as a table, with the totals below."""
    if not report.hotspots:
        emit("No file conflicted twice.")
    else:
        table = TextTable(
            *(TextColumn(name, right=True) for name in ("conflicts", "shared")),
            *(TextColumn(name, folds=True) for name in ("file", "kind", "what would help")),
        )
        for spot in report.hotspots[:_MOST]:
            table.add_row(
                plain(f"{spot.conflicts:,}"),
                plain(f"{spot.shared:,}"),
                plain(clean(spot.path)),
                plain(spot.kind),
                plain(_HELP[spot.remedy], "" if spot.remedy == "split" else "green"),
            )
        show(table)
    if len(report.hotspots) > _MOST:
        say(f"… and {count_of(len(report.hotspots) - _MOST, 'more file')}; --json has them all.")
    say(
        f"{count_of(report.conflicts, 'conflict')} in {count_of(report.pairs, 'pair')} "
        f"of {count_of(report.changes, 'change')}."
    )
    if report.removed:
        share = percent(report.removed / report.conflicts)
        say(f"The rules would remove {report.removed:,} of them ({share}): `gitcoord hotspots --apply`.")
