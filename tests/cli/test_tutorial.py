"""The tutorial, followed to its end."""

from pathlib import Path

from tests.support.console_page import follow, matches

PAGE = Path(__file__).parent.parent.parent / "docs" / "tutorial.md"


def test_every_command_of_the_tutorial_prints_what_the_tutorial_says(tmp_path: Path) -> None:
    followed = follow(PAGE.read_text(encoding="utf-8"), tmp_path)
    assert len(followed) > 15
    for command, wanted, printed in followed:
        assert matches(wanted, printed), f"$ {command}\n{printed}"
