"""What agents are told, as `gitcoord prompt` prints it and as they get it."""

from pathlib import Path

import pytest

from gitcoord.worker.attempt.prompt.task_section import shortened
from tests.support.agents import ScriptAgent
from tests.support.project import Project
from tests.support.tasklists import task
from tests.worker.test_worker import LINES, begin, work

PARTS = [
    {"id": 1, "title": "Table", "status": "pending", "details": "Add the table."},
    {
        "id": 2,
        "title": "Form",
        "status": "pending",
        "description": "People can type their name.",
        "details": "Two fields.",
        "testStrategy": "Type a name.",
        "modifies": ["src/form/**"],
    },
    {"id": 3, "title": "Mail", "status": "pending", "modifies": ["src/mail/**"]},
    {"id": 4, "title": "Docs", "status": "pending", "dependencies": [2]},
]
SIGN_UP = task(
    1,
    title="Sign up",
    description="People can sign up.",
    details="Long story. " * 400,
    testStrategy="Sign up.",
    subtasks=PARTS,
)
SUBTASK = """\
# Subtask 1.2: Form

Do only this part of task 1 (Sign up). Other agents do the other parts, on branches of their own.

People can type their name.

### Details

Two fields.

### How it is tested

Type a name.

### Where

This part is expected to change only `src/form/**`. Change other files only if you have to.

## The other parts of task 1

Done, and in your working copy:

- 1.1: Table

Other agents are working on these now. Do not do their work, and do not wait for it:

- 1.3: Mail (`src/mail/**`)

Not done yet. Other agents do these; leave them alone:

- 1.4: Docs

## The whole task 1: Sign up

This is only to help you understand your part.

People can sign up.

### Details

Long story. Long story. """


@pytest.fixture
def agent(tmp_path: Path) -> ScriptAgent:
    return ScriptAgent(tmp_path / "agent")


def test_a_subtask_is_told_its_own_words_its_siblings_and_of_the_whole_only_the_beginning(
    tmp_path: Path, agent: ScriptAgent
) -> None:
    project = Project.create(tmp_path / "project", [SIGN_UP, task(2, title="Rest")])
    go = agent.directory / "go"
    agent.does("1.3", {"await": str(go)}, {"write": {"mail": "1\n"}}).does(
        "1.2", {"note": True}, {"write": {"form": "1\n"}}
    )
    work(project, agent, "1.1", ok=0)
    sibling = begin(project, agent, "1.3")
    printed = project.run("prompt", "1.2", ok=0)
    assert printed.out.startswith(SUBTASK)
    whole = printed.out.partition("## The whole task")[2].partition("\n## ")[0]
    assert (len(whole) < 3300, whole.rstrip().endswith("… (shortened)")) == (True, True)
    assert "- `src/mail/**`: 1.3 (Mail) is at work there now" in printed.out
    document = project.run("prompt", "1.2", "--json", ok=0).json
    assert (document["schema"], document["task"]) == ("gitcoord.prompt/1", "1.2")
    assert document["text"] == printed.out
    assert document["sections"]["heading"] == "# Subtask 1.2: Form"
    # It is what the agent gets.
    work(project, agent, "1.2", ok=0)
    assert agent.noted("1.2")["prompt"] == printed.out
    go.touch()
    assert sibling.wait() == 0
    assert project.run("prompt", "2", ok=0).out.startswith("# Task 2: Rest\n\n")
    assert "no task '9'" in project.run("prompt", "9", ok=2).err


def test_the_second_turn_is_told_of_the_conflict_and_after_a_failure_of_that(
    tmp_path: Path, agent: ScriptAgent
) -> None:
    tasks = [task(1, title="One"), task(2, title="Two", testStrategy="Look.\tTwice\x1b[2J.")]
    project = Project.create(tmp_path / "project", tasks, files={"app.txt": LINES}, strategy="single-pr")
    agent.does("*", {"replace": ["app.txt", "line 5", "{id} was here"]})
    agent.does("2#1", {"print": "no idea"}, {"exit": 1})
    work(project, agent, "2", ok=1)
    again = project.run("prompt", "2", "--check", "make test", ok=0).out
    assert "Look.\tTwice\\x1b[2J." in again
    assert "It failed: the agent ended with code 1: no idea. Its changes are in" in again
    assert "At the end `make test` is run, and has to succeed." in again
    work(project, agent, "1", ok=0)
    work(project, agent, "2", "--rework", "0", ok=1)
    printed = project.run("prompt", "2", ok=0).out
    conflict = (
        "# Task 2: Two\n\n## First: resolve a conflict\n\n"
        "The work on this branch conflicts with task 1 (One)."
    )
    assert printed.startswith(conflict)
    assert "- `app.txt`" in printed
    assert "Do not abort the merge." in printed
    assert "do not push, start no other merge." in printed
    # Whoever has to resolve it is not told to keep out of it, nor to do the task again.
    assert "- `app.txt`: task 1" not in printed
    assert "\n## The task\n\nThis was done before, on this branch.\n" in printed
    agent.does("2#rework", {"note": True})
    work(project, agent, "2", ok=1)
    assert agent.noted("2")["prompt"].startswith(conflict)


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("short", 10, "short"),
        ("one two three", 9, "one two\n\n… (shortened)"),
        ("a\nb c\nd e f", 8, "a\nb c\n\n… (shortened)"),
        ("```\ncode\nmore\n```", 10, "```\ncode\n```\n\n… (shortened)"),
        ("oneword", 3, ""),
        ("anything", 0, ""),
    ],
)
def test_long_texts_end_between_words_and_close_their_code(text: str, most: int, kept: str) -> None:
    assert shortened(text, most) == kept


def test_an_agent_is_told_what_others_will_probably_change(tmp_path: Path, agent: ScriptAgent) -> None:
    tasks = [task(1, title="Let the parser take numbers"), task(2, title="Other"), task(3, title="Zebra")]
    project = Project.create(tmp_path / "project", tasks, files={"src/parser.rs": "fn parse_number() {}\n"})
    for number in range(20):
        content = f"fn parse_number() {{}}\n// {number}\n"
        project.remote.commit({"src/parser.rs": content}, f"Let the parser take {number} numbers")
    project.run("plan", ok=0)
    go = agent.directory / "go"
    agent.does("*", {"await": str(go)})
    others = [begin(project, agent, id) for id in ("1", "3")]
    told = project.run("prompt", "2", ok=0).out
    assert (
        "- `src/parser.rs`: 1 (Let the parser take numbers) is at work and will probably change this" in told
    )
    assert "on files that are not known yet: 3 (Zebra)." in told
    project.run("plan", "--no-predict", ok=0)
    assert "probably" not in project.run("prompt", "2", ok=0).out
    go.touch()
    for other in others:
        other.wait()
