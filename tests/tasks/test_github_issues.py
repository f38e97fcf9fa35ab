"""Issues of GitHub as a task list: what their texts say, and what GitHub keeps of them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gitcoord.tasks.diagnostics import Findings
from gitcoord.tasks.sources.github_issues import (
    IssueList,
    ListedIssue,
    RelatedIssue,
    numbers_named,
    read_issue_list,
)
from gitcoord.tasks.sources.issue_texts import listed_references, named_needs
from tests.adoption.foreign import Foreign
from tests.support.github.emulator import GitHubEmulator
from tests.support.github.fixtures import hub
from tests.support.github.issues import add_issue
from tests.support.github.model import Issue
from tests.support.repos import Repo

__all__ = ["hub"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Depends on #12", [12]),
        ("**Depends on:** #1, #2 and #3. #4", [1, 2, 3]),
        ("depends-on: GH-4 & #5", [4, 5]),
        ("Blocked by https://github.com/acme/app/pull/7.", [7]),
        ("stacked on #2 (see #1)", [2]),
        ("DEPENDS_ON #15\r\nBLOCKED_BY #14", [15, 14]),
        ("Blocked by [the fix of #5](https://github.com/acme/lib/pull/77)\nBlocked by #10", [77, 10]),
        ("Depends on:\r\n\r\n- #5\r\n- [ ] #6\r\n\r\n#7", [5, 6]),
        ("depends on\n#8", [8]),
        ("depends on #1\n\n- #2 is nice", [1]),
        ("no longer depends on #8, is not blocked by #9, isn't blocked by #10", []),
        ("<!-- Depends on #1 --> `depends on #2` ~~depends on #3~~\n```\ndepends on #4\n```", []),
        ("depends on the fix in #3, on # 4 and on #5abc", []),
    ],
)
def test_a_text_says_what_it_depends_on(text: str, numbers: list[int]) -> None:
    assert [one.number for one in named_needs(text)] == numbers


def test_items_of_a_task_list_are_issues_where_they_begin_with_one() -> None:
    text = (
        "- [ ] #3\n- [x] acme/lib#4 more\n- [ ] [#9](https://git.hub/a/b/issues/6)\n1. [ ] GH-5\n"
        "- [ ] plain #6\n- #7\n```\n- [ ] #8\n```"
    )
    assert [(one.repository, one.number) for one in listed_references(text)] == [
        *(("", 3), ("acme/lib", 4), ("a/b", 6), ("", 5))
    ]


def read(
    *issues: ListedIssue, others: dict[int, bool] | None = None
) -> tuple[dict[int, list[int]], list[str]]:
    listed = IssueList(repository="acme/app", issues=issues, others=others or {})
    findings = Findings("issues")
    tasks = read_issue_list(msgspec.json.encode(listed), findings)
    findings.flush()
    return {task["id"]: task["dependencies"] for task in tasks}, [one.message for one in findings.warnings]


def issue(number: int, body: str = "", **more: object) -> ListedIssue:
    return ListedIssue(number=number, title=f"Issue {number}", body=body, **more)  # type: ignore[arg-type]


def other(number: int, repository: str = "acme/app", *, open: bool = True) -> RelatedIssue:
    return RelatedIssue(number=number, repository=repository, open=open)


def test_an_issue_with_sub_issues_is_done_when_they_are() -> None:
    needs, said = read(
        issue(1),
        issue(2, "- [ ] #3\n- [ ] words", blocked_by=(other(1),), sub_issues=(other(4),)),
        issue(3),
        issue(4, "depends on #3 and #2"),
        issue(5, blocked_by=(other(2), other(77, open=False))),
    )
    assert needs == {1: [], 3: [1], 4: [3, 1], 5: [4, 3]}
    assert said == [
        "Issue 4 waits for 2, which is done when 4 is; gitcoord does not wait.",
        "An issue with sub-issues is done when these are (task 2).",
    ]


def test_what_waits_for_something_outside_of_the_list_is_left_out_and_said() -> None:
    needs, said = read(
        issue(1, "Depends on #50, #51 and #52"),
        issue(2, "Depends on #1"),
        issue(3, blocked_by=(other(9, "acme/lib"),), sub_issues=(other(4),)),
        issue(4),
        issue(5, sub_issues=(other(6), other(60))),
        issue(6),
        issue(7, "blocked by #5"),
        issue(8, "depends on #50", open=False),
        others={50: False, 51: True},
    )
    assert needs == {6: [], 8: []}
    assert said[:5] == [
        "Issue 1 is blocked by #51, which is open and not in the list; it is left out.",
        "Issue 4 is part of 3, which is blocked by acme/lib#9, which is open and not in the list; "
        "it is left out.",
        "Issue 7 waits for 5, which has the sub-issue #60, which is open and not in the list; "
        "it is left out.",
        "Issue 2 waits for 1, which is left out; it is left out.",
        "An issue with sub-issues is done when these are (tasks 3 and 5).",
    ]
    listed = IssueList(
        repository="acme/app", issues=(issue(1, "Depends on #2, lib/x#3, Acme/app#4"), issue(2))
    )
    assert numbers_named(listed) == [4]


def test_issues_of_a_label_and_a_milestone_are_planned(hub: GitHubEmulator, tmp_path: Path) -> None:
    foreign = Foreign(hub, tmp_path)
    app = foreign.app
    both: dict[str, Any] = {"labels": ["Parallel", "P1"], "milestone": "v2"}
    schema = add_issue(app, "Schema", **both, state="closed", reason="completed")
    api = add_issue(app, "API", "Serves it.", **both, blocked_by=[schema])
    page = add_issue(app, "Page", f"Depends on #{api.number}", **both)
    add_issue(app, "Dropped", **both, state="closed", reason="not_planned")
    add_issue(app, "Other", labels=["parallel"], milestone="v1")
    add_issue(app, "Apart", **both, blocked_by=[Issue(3, "x", repository="acme/lib")])
    app.pulls[foreign.pull("one", {"1.txt": ""})].labels.append("parallel")
    words = ("plan", "--from", "github", "--label", "parallel", "--milestone", "V2", "--json")
    made = foreign.run(*words, ok=0).json
    assert [level["tasks"] for level in made["levels"]] == [[str(api.number)], [str(page.number)]]
    assert "acme/lib#3, which is open and not in the list" in str(made["warnings"])
    foreign.run("checkout", str(api.number), ok=0)
    foreign.desk.git("checkout", "--quiet", "--detach")
    foreign.desk.git(
        "worktree", "add", "--quiet", str(tmp_path / "work"), f"feature/level-0-task-{api.number}"
    )
    tree = Repo(tmp_path / "work")
    tree.commit({"api.txt": ""}, branch=f"feature/level-0-task-{api.number}")
    foreign.run("submit", str(api.number), ok=0)
    (foreign.desk.path / "gitcoord.toml").write_text("[tasks]\nwrite-back = true\n")
    foreign.run("merge-level", "0", "--json", ok=0)
    assert f"\n\nCloses #{api.number}" in (foreign.app.pulls[max(foreign.app.pulls)].body or "")
    assert "which their pull requests close" in foreign.run("sync", ok=2).err
    # The plan keeps where its tasks are: a bare plan reads them again, whatever else lies there.
    (foreign.desk.path / "TASKS.md").write_text("- [ ] 1. Other\n")
    api.state, api.reason = "closed", "completed"
    assert foreign.run("plan", ok=0)
    app.tells_dependencies = False
    said = foreign.run("plan", "--dry-run", ok=0).err
    assert "GitHub does not provide the blockers of issues here" in said
    for arguments, named in (
        (("--from", "github"), "Nothing says which issues make the task list."),
        (("--label", "parallel"), "--label and --milestone choose issues of GitHub."),
        (("--from", "github:state=open"), "'state=open' does not say which issues"),
        (("--from", "github", "--milestone", "v3"), "has no milestone 'v3'"),
        (("--from", "github", "--label", "none"), "No issue of acme/app"),
    ):
        ran = foreign.run("plan", *arguments)
        assert (ran.code, named in ran.err) == (2, True), ran
