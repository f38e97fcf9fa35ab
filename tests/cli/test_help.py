"""What the package holds: documents by topic, the containers' script, and what its metadata say."""

import json
import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from gitcoord.cli.app import COMMANDS
from gitcoord.cli.views.dashboard.live_view import MARKS
from gitcoord.cli.views.dashboard.rows import word
from gitcoord.cli.views.status import MARKS as STATUS_MARKS
from gitcoord.cli.views.status import state_word
from tests.support.cli import gitcoord
from tests.support.repos import Repo

ROOT = Path(__file__).parent.parent.parent
TOPICS = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


def test_every_document_is_a_topic(tmp_path: Path) -> None:
    assert sorted(gitcoord("help", "--json", cwd=tmp_path, ok=0).json["topics"]) == TOPICS
    *listed, last = gitcoord("help", cwd=tmp_path, ok=0).out.splitlines()
    start = last.index("One command")
    assert {line[start - 2 : start] for line in listed} == {"  "}
    for topic in TOPICS:
        text = (ROOT / "docs" / f"{topic}.md").read_text(encoding="utf-8")
        assert gitcoord("help", topic, cwd=tmp_path, ok=0).out == text.rstrip("\n") + "\n"


def test_a_command_is_a_topic_too_and_others_are_named(tmp_path: Path) -> None:
    assert gitcoord("help", "plan", cwd=tmp_path).out == gitcoord("plan", "--help", cwd=tmp_path).out
    ran = gitcoord("help", "plannning", cwd=tmp_path)
    assert (ran.code, "Did you mean `gitcoord help planning`?" in ran.err) == (2, True)


def test_the_version_comes_with_what_is_installed(tmp_path: Path) -> None:
    plain = gitcoord("--version", cwd=tmp_path, ok=0).out.split()
    for arguments in (("--version", "--json"), ("--json", "--version")):
        document = gitcoord(*arguments, cwd=tmp_path, ok=0).json
        assert plain == ["gitcoord", document["version"]]
        assert document["git"].startswith("2.")
        assert {"gitcoord", "typer", "msgspec", "mcp"} <= document["packages"].keys()


def test_the_start_script_of_containers_is_printed_as_it_is(tmp_path: Path) -> None:
    script = (ROOT / "scripts/container-base.sh").read_text(encoding="utf-8")
    assert gitcoord("container-script", cwd=tmp_path, ok=0).out == script


@pytest.mark.parametrize(
    ("document", "levels"), [("README.md", [[1], [2, 3], [4]]), ("docs/planning.md", [[1], [2]])]
)
def test_the_task_lists_of_the_documents_can_be_planned(
    tmp_path: Path, document: str, levels: list[list[int]]
) -> None:
    listed = re.findall(r"```json\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.S)[0]
    assert len(listed.strip().splitlines()) == 6
    desk = Repo.create(tmp_path)
    desk.commit({"tasks/tasks.json": listed})
    ran = gitcoord("plan", "--format", "levels", cwd=tmp_path, ok=0)
    assert (json.loads(ran.out), "warning" in ran.err) == (levels, False)


def test_the_wheel_has_what_the_readme_promises(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the builder of wheels is not installed")
    built = tmp_path / "built"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    wheels = []
    for _ in range(2):
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        [wheel] = built.glob("*.whl")
        wheels.append(wheel.read_bytes())
    assert wheels[0] == wheels[1], "built twice, it is not the same"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "there")
    there = tmp_path / "there"
    assert (there / "gitcoord/py.typed").exists()
    assert (there / "gitcoord/settings.schema.json").exists()
    assert (there / "gitcoord/cli/documents/schemas/plan.schema.json").exists()
    [data] = there.glob("*.data/data/share")
    for file in ("man/man1/gitcoord-plan.1", "zsh/site-functions/_gitcoord"):
        assert (data / file).read_bytes() == (ROOT / "share" / file).read_bytes()
    assert (there / "gitcoord/foresight/constants.json").exists()
    [told] = there.glob("*.dist-info/METADATA")
    metadata = Parser().parsestr(told.read_text(encoding="utf-8"))
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in metadata.get_all("Classifier", [])
    assert metadata.get_all("Project-URL")
    for arguments, wanted in (
        (("container-script",), (ROOT / "scripts/container-base.sh").read_bytes()),
        (("help", "landing"), (ROOT / "docs/landing.md").read_bytes()),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "gitcoord", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(there)},
            capture_output=True,
            check=True,
        )
        assert ended.stdout.rstrip() == wanted.rstrip()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_fits_eighty_columns_and_names_what_an_option_takes(command: str) -> None:
    ran = gitcoord(command, "--help", cwd=ROOT, env={"COLUMNS": "80"}, ok=0)
    assert [line for line in ran.out.splitlines() if len(line) > 80] == []
    assert not re.search(r"<(?:str|path|int|float)>", ran.out)


def test_the_glossary_has_every_state_with_its_marks() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").partition("## Marks")[2]
    rows = [row.replace("\\|", "BAR").split("|")[1:4] for row in text.splitlines() if "|" in row]
    legend = {
        (state.strip(" `"), column): row[column].strip(" `")
        for row in rows
        for state in row[0].split(",")
        for column in (1, 2)
    }
    for state, (mark, _) in STATUS_MARKS.items():
        assert legend[state_word(state), 1] == mark.replace("|", "BAR")
    for unit, (mark, _) in MARKS.items():
        assert legend[word(unit), 2] == mark


def test_every_variable_of_an_agent_is_in_the_help_of_worker() -> None:
    source = (ROOT / "gitcoord/worker/attempt/environment.py").read_text(encoding="utf-8")
    text = gitcoord("worker", "--help", cwd=ROOT, ok=0).out
    names = re.findall(r'"GITCOORD((?:_[A-Z]+)+)"', source)
    assert len(names) > 8
    assert [name for name in names if name not in text] == []
