"""Finds out which commits a tip contains, in bulk, and caches the answers: ancestors never change."""

from collections.abc import Callable, Collection, Mapping, Sequence

from gitcoord.git.commits import walk
from gitcoord.git.git_cli import Git, Oid

_NEAR = 200
"""The maximum number of commits to read in-process; for longer walks git is faster."""


class Ancestry:
    """Caches all answers in memory."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._here: set[Oid] = set()
        self._inside: dict[Oid, dict[Oid, bool]] = {}
        self._remembered: dict[tuple[str, ...], Oid | None] = {}

    def contained(self, tip: Oid, commits: Collection[Oid]) -> set[Oid]:
        """Returns those of `commits` that are `tip`, or ancestors of it that exist here."""
        known = self._inside.get(tip, {})
        unknown = {commit for commit in commits if commit not in known and commit != tip}
        present = self.existing({tip, *unknown}) - {tip} if unknown else set()
        if present and tip in self._here:
            near = self._told_by_nearer(tip, present)
            far = sorted(present - near.keys())
            inside = among_ancestors(self._git, tip, far) if far else set()
            known = known | near | {commit: commit in inside for commit in far}
            self._inside[tip] = known
        return {commit for commit in commits if commit == tip or known.get(commit, False)}

    def _told_by_nearer(self, tip: Oid, commits: Collection[Oid]) -> dict[Oid, bool]:
        """Returns which of `commits` are ancestors of `tip`, as far as a short walk and the cache show it."""
        if self._git.commits is None:
            return {}
        wanted = set(commits)
        left, below = set(wanted), list[Mapping[Oid, bool]]()

        def remembered(commit: Oid) -> bool:
            left.discard(commit)
            if not left:
                return True
            answers = self._inside.get(commit)
            if answers is None or not left <= answers.keys():
                return False
            below.append(answers)
            return True

        whole = walk(self._git.commits, tip, remembered, _NEAR)
        inside = wanted - left
        if not whole:
            return dict.fromkeys(inside, True)
        return {one: one in inside or any(answers.get(one, False) for answers in below) for one in wanted}

    def contains(self, tip: Oid, commit: Oid) -> bool:
        """Whether `commit` is `tip` or one of its ancestors."""
        return bool(self.contained(tip, [commit]))

    def existing(self, commits: Collection[Oid]) -> set[Oid]:
        """Returns those of `commits` that exist in this repository."""
        unknown = sorted(set(commits) - self._here)
        if self._git.commits is not None:
            self._here |= {commit for commit in unknown if self._git.commits.commit(commit) is not None}
            unknown = sorted(set(commits) - self._here)
        if unknown:
            request = "".join(f"{commit}\n" for commit in unknown).encode()
            answer = self._git.text("cat-file", "--batch-check=%(objectname) %(objecttype)", input=request)
            lines = answer.splitlines()
            self._here |= {line.split(" ")[0] for line in lines if line.endswith(" commit")}
        return set(commits) & self._here

    def remembered(self, key: tuple[str, ...], find: Callable[[], Oid | None]) -> Oid | None:
        """Returns the result of `find`, cached under `key`: for results that depend only on commits."""
        if key not in self._remembered:
            self._remembered[key] = find()
        return self._remembered[key]

    def recalls(self, key: tuple[str, ...]) -> bool:
        """Whether the answer for `key` is cached."""
        return key in self._remembered


def merge_base(git: Git, one: Oid, other: Oid) -> Oid | None:
    """Returns the best common ancestor; None if there is none. Of several, git chooses."""
    found = _only_base(git, [one, other])
    return git.probe("merge-base", one, other) if found == "" else found


def common_base(git: Git, *commits: Oid) -> Oid | None:
    """Returns the best ancestor of all `commits`; None if there is none. Of several, git chooses."""
    found = _only_base(git, commits)
    return git.probe("merge-base", "--octopus", *commits) if found == "" else found


def _only_base(git: Git, commits: Sequence[Oid]) -> Oid | None:
    """The best common ancestor, or None, found in-process; "" if git has to be asked."""
    histories = []
    for commit in dict.fromkeys(commits):
        history = short_history(git, commit)
        if history is None:
            return ""
        histories.append(history)
    common = set.intersection(*map(set, histories))
    best = common.difference(*(histories[0][commit] for commit in common))
    return "" if len(best) > 1 else next(iter(best), None)


def short_history(git: Git, tip: Oid) -> dict[Oid, tuple[Oid, ...]] | None:
    """Returns the commits of a history with their parents.

    None if there are more than `_NEAR`, or one cannot be read in-process.
    """
    found: dict[Oid, tuple[Oid, ...]] = {}
    todo = [tip]
    reader = git.commits
    while todo:
        oid = todo.pop()
        if oid in found:
            continue
        commit = reader.commit(oid) if reader is not None and len(found) < _NEAR else None
        if commit is None:
            return None
        found[oid] = commit.parents
        todo += commit.parents
    return found


def among_ancestors(git: Git, tip: Oid, commits: Sequence[Oid], below: Collection[Oid] = ()) -> set[Oid]:
    """Returns those of `commits` (not empty, all existing) that are `tip` or its ancestors.

    `below`, if given, has the parents of `commits`, and those of `commits` without parents: git finds the
    common ancestor of these faster.
    """
    if len(commits) == 1:
        return set(commits) if _is_ancestor(git, commits[0], tip) else set()
    others = below or commits
    root = tip if set(others) == {tip} else common_base(git, tip, *others)
    if root == tip:  # All others are `tip` or its descendants.
        return {tip}.intersection(commits)
    if root is None:  # One of them has an unrelated history.
        middle = len(commits) // 2
        return among_ancestors(git, tip, commits[:middle]) | among_ancestors(git, tip, commits[middle:])
    # Not `COMMITS ^TIP`: git walks by date, and misses ancestors if clocks were wrong.
    request = "".join(f"{commit}\n" for commit in (tip, *commits)) + f"^{root}\n"
    lines = git.text("rev-list", "--parents", "--stdin", input=request.encode()).splitlines()
    parents = {words[0]: words[1:] for words in map(str.split, lines)}
    reached, todo = {root}, [tip]
    while todo:
        commit = todo.pop()
        if commit not in reached and commit in parents:
            reached.add(commit)
            todo += parents[commit]
    return reached.intersection(commits)


def _is_ancestor(git: Git, commit: Oid, tip: Oid) -> bool:
    history = short_history(git, tip)
    if history is not None:
        return commit in history
    return git.run("merge-base", "--is-ancestor", commit, tip, ok=(0, 1)).code == 0
