"""Mermaid and Graphviz pictures of a plan."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gitcoord.planning.diagrams import dot, mermaid
from gitcoord.tasks.model import Task, TaskId
from tests.planning.lists import a_plan, a_task

HOSTILE = '"]; click t0 "javascript:x" %% <script> #quot; `x` \\" \n end } -> \x1b[2J \udc80'


def titled(title: str) -> list[Task]:
    return [Task(id=TaskId("1"), title=title), a_task(2, 1)]


def test_a_small_plan_as_mermaid() -> None:
    assert mermaid(a_plan([a_task(1), a_task(2, 1), a_task(3, 1, estimate=5)])) == "\n".join(
        [
            "flowchart LR",
            '  subgraph level0["level-0"]',
            '    t0["1: Task 1<br/>wave 1, 30 min"]',
            "  end",
            '  subgraph level1["level-1"]',
            '    t1["2: Task 2<br/>wave 1, 30 min"]',
            '    t2["3: Task 3<br/>wave 1, 5 min"]',
            "  end",
            "  t0 ==> t1",
            "  t0 --> t2",
            "  classDef critical stroke:#c00,stroke-width:3px",
            "  class t0,t1 critical",
        ]
    )


def test_a_small_plan_as_dot() -> None:
    assert dot(a_plan([a_task(1), a_task(2, 1, estimate=5)])) == "\n".join(
        [
            "digraph plan {",
            "  rankdir=LR;",
            '  node [shape=box, fontname="sans-serif"];',
            "  subgraph cluster_0 {",
            '    label="level-0";',
            '    t0 [label="1: Task 1\\nwave 1, 30 min", color=red, penwidth=2];',
            "  }",
            "  subgraph cluster_1 {",
            '    label="level-1";',
            '    t1 [label="2: Task 2\\nwave 1, 5 min", color=red, penwidth=2];',
            "  }",
            "  t0 -> t1 [color=red, penwidth=2];",
            "}",
        ]
    )


def test_an_empty_plan_is_an_empty_picture() -> None:
    assert mermaid(a_plan([])) == "flowchart LR"
    assert dot(a_plan([])).startswith("digraph plan {")


@given(st.text(max_size=80) | st.just(HOSTILE))
def test_a_title_never_leaves_its_label(title: str) -> None:
    harmless = a_plan(titled("x"))
    plan = a_plan(titled(title))
    label = re.compile(r'"(?:[^"\\]|\\.)*"')
    assert label.sub('""', dot(plan)) == label.sub('""', dot(harmless))
    quoted = re.compile(r'"[^"]*"')
    assert quoted.sub('""', mermaid(plan)) == quoted.sub('""', mermaid(harmless))
    assert dot(plan).replace("\n", "").isprintable()
    assert mermaid(plan).replace("\n", "").isprintable()
