"""Proving an order: what only shows when several merge, and who is to blame."""

import json
from collections.abc import Sequence
from pathlib import Path

from gitcoord.conflicts.branch_facts import find_branch_facts
from gitcoord.conflicts.fork_points import find_forks
from gitcoord.conflicts.merge_proof import culprits, prove, smallest_cause
from gitcoord.conflicts.rebase_in_memory import MergeContext
from gitcoord.conflicts.wave_proof import prove_waves
from gitcoord.git.git_cli import Git
from gitcoord.git.locate_repository import locate
from gitcoord.tasks.model import TaskId
from tests.conflicts.level import LINES, Level, edited

ONE, TWO, THREE, FOUR = (TaskId(id) for id in "1234")


def three_way(tmp_path: Path) -> Level:
    """1 renames a file, 2 rewrites most of it, 3 edits its end: after 1 and 2 no rename is seen."""
    level = Level(tmp_path, {"old.py": LINES, "x": "x\n"})
    level.branch("1", {"old.py": None, "new.py": LINES})
    level.branch("2", {"old.py": edited(*range(1, 31), by="rewritten with many other words")})
    level.branch("3", {"old.py": edited(38)})
    level.branch("4", {"x": "four\n"})
    return level


def heads(level: Level, *names: str) -> list[tuple[TaskId, str]]:
    return [(TaskId(name), level.repo.tip(name)) for name in names]


def workbench(git: Git, level: Level, *names: str) -> MergeContext:
    base = level.repo.tip("main")
    return MergeContext(git, base, find_forks(git, base, [level.repo.tip(name) for name in names]))


def test_a_conflict_of_three_is_found_and_blamed_on_the_smallest_set(tmp_path: Path) -> None:
    report = three_way(tmp_path).examine()
    assert {pair.verdict for pair in report.pairs} == {"clean"}
    [joint] = report.joint
    assert joint.tasks == ("1", "2", "3")
    assert joint.conflicted_paths == ("old.py",)
    assert not any({"1", "2", "3"} <= set(wave) for wave in report.waves)
    assert len(report.waves) == 2
    assert not report.one_wave()


def test_a_proof_stops_at_the_first_step_that_fails(tmp_path: Path) -> None:
    level = three_way(tmp_path)
    with locate(level.repo.path).open().git.quarantine() as git:
        context = workbench(git, level, "1", "2", "3", "4")
        proof = prove(context, heads(level, "4", "1", "2", "3"))
        assert [step.task for step in proof.steps] == ["4", "1", "2"]
        assert proof.failure is not None
        assert (proof.failure.task, proof.failure.paths) == ("3", ("old.py",))
        assert prove(context, heads(level, "1", "3", "2", "4")).failure is None
        before, failing = heads(level, "4", "1", "2"), heads(level, "3")[0]
        assert smallest_cause(context, before, failing) == ("1", "2")
        # A wrong suspicion costs merges and changes nothing.
        assert smallest_cause(context, before, failing, suspects=[FOUR]) == ("1", "2")


def test_a_large_wave_fails_where_its_members_together_empty_a_directory(tmp_path: Path) -> None:
    """1 and 2 move a file each out of a directory; after both, what 3 adds there is in a moved one."""
    level = Level(tmp_path, {"lib/a": LINES, "lib/b": "".join(reversed(LINES)), "x": "x\n"})
    level.branch("1", {"lib/a": None, "core/a": LINES})
    level.branch("2", {"lib/b": None, "core/b": "".join(reversed(LINES))})
    level.branch("3", {"lib/c": "new\n"})
    level.branch("4", {"x": "four\n"})
    order = heads(level, "1", "2", "3", "4")
    report = level.examine()
    assert ([pair.verdict for pair in report.pairs], report.joint[0].tasks) == ([], ("1", "2", "3"))
    tips = [tip for _, tip in order]
    with locate(level.repo.path).open().git.quarantine() as git:
        context, branch_facts = find_branch_facts(git, report.base_commit, tips, {})
        places = {head: place for place, head in enumerate(order)}
        [proof] = prove_waves(context, [order], branch_facts, (), places, most_whole=0)
        [calm] = prove_waves(context, [order[1:]], branch_facts, (), places, most_whole=0)
    assert proof.failure is not None
    assert (proof.failure.task, calm.failure) == ("3", None)


def emptying(tmp_path: Path) -> tuple[Level, list[str]]:
    """3 fails after 1 and 2 together; twenty others meet nobody."""
    level = Level(tmp_path, {"lib/a": LINES, "lib/b": "".join(reversed(LINES)), "x": "x\n"})
    level.branch("1", {"lib/a": None, "core/a": LINES})
    level.branch("2", {"lib/b": None, "core/b": "".join(reversed(LINES))})
    level.branch("3", {"lib/c": "new\n"})
    others = [str(number) for number in range(10, 30)]
    for name in others:
        level.branch(name, {f"of-{name}": f"{name}\n"})
    return level, [*others[:10], "1", *others[10:15], "2", "3", *others[15:]]


def test_a_large_wave_that_fails_is_merged_without_those_who_have_no_part_in_it(tmp_path: Path) -> None:
    level, names = emptying(tmp_path)
    order = heads(level, *names)
    with locate(level.repo.path).open().git.quarantine() as git:
        context, branch_facts = find_branch_facts(git, level.repo.tip("main"), [tip for _, tip in order], {})
        places = {head: place for place, head in enumerate(order)}
        [proof] = prove_waves(context, [order], branch_facts, (), places)
        assert max(len(sequence.trees) for sequence in context.used.values()) == 2
        whole = prove(context, order)
    assert proof.failure == whole.failure
    assert [step.task for step in proof.steps] == [step.task for step in whole.steps]


def test_a_proof_asks_for_the_trees_of_all_heads_at_once(tmp_path: Path) -> None:
    level, names = emptying(tmp_path)
    asked = tmp_path / "asked"  # git puts a file for each process into a directory
    asked.mkdir()
    with locate(level.repo.path).open().git.quarantine() as git:
        context = workbench(git.with_environment({"GIT_TRACE2_EVENT": str(asked)}), level, *names)
        before = len(list(asked.iterdir()))
        prove(context, heads(level, *names))
    assert len(list(asked.iterdir())) - before <= 3


def test_many_branches_are_walked_from_the_few_commits_that_they_start_at(tmp_path: Path) -> None:
    level, names = emptying(tmp_path)
    start, tips = level.repo.tip("main"), [tip for _, tip in heads(level, *names)]
    assert walks(level, start, tips, tmp_path / "at-their-start") == []
    base = level.repo.commit({"later": "later"})
    [walk] = walks(level, start, tips, tmp_path / "later", base)
    assert len(walk) - walk.index("--octopus") == 3


def walks(
    level: Level, start: str, tips: Sequence[str], asked: Path, base: str | None = None
) -> list[list[str]]:
    """The walks to the commits that the branches have in common with the base, as git was asked for them."""
    asked.mkdir()
    git = locate(level.repo.path).open().git.with_environment({"GIT_TRACE2_EVENT": str(asked)})
    forks = find_forks(git, base or start, tips)
    assert {fork.merge_bases for fork in forks.values()} == {(start,)}
    events = [json.loads(line) for file in asked.iterdir() for line in file.read_text().splitlines()]
    commands = [event["argv"] for event in events if event["event"] == "start"]
    return [command for command in commands if "--octopus" in command]


def test_an_empty_order_is_proved(tmp_path: Path) -> None:
    level = Level(tmp_path, {"a": LINES})
    with locate(level.repo.path).open().git.quarantine() as git:
        proof = prove(workbench(git, level), [])
    assert (proof.steps, proof.failure) == ((), None)


def test_culprits_are_those_who_changed_the_conflicting_paths() -> None:
    others = {ONE: {"a", "b"}, TWO: {"b"}, THREE: {"c"}, FOUR: {"dir/file"}}
    assert culprits(["b"], others) == (ONE, TWO)
    assert culprits(["c", "z"], others) == (THREE,)
    assert culprits(["dir"], others) == (FOUR,)
    assert culprits(["C"], others) == (THREE,)
    assert culprits(["z"], others) == ()
