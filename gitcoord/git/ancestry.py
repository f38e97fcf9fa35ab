"""Which commits a tip contains, asked in bulk and remembered: commits never change their ancestors."""

from collections.abc import Callable, Collection, Sequence

from gitcoord.git.run import Git, Oid


class Ancestry:
    """Remembers every answer for as long as it lives."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._here: set[Oid] = set()
        self._inside: dict[tuple[Oid, Oid], bool] = {}
        self._remembered: dict[tuple[str, ...], Oid | None] = {}

    def contained(self, tip: Oid, commits: Collection[Oid]) -> set[Oid]:
        """Those of `commits` that are `tip` or its ancestors; commits that are not here are left out."""
        unknown = {commit for commit in commits if (tip, commit) not in self._inside and commit != tip}
        present = self.existing({tip, *unknown}) - {tip} if unknown else set()
        if present and tip in self._here:
            inside = among_ancestors(self._git, tip, sorted(present))
            self._inside.update({(tip, commit): commit in inside for commit in present})
        return {commit for commit in commits if commit == tip or self._inside.get((tip, commit), False)}

    def contains(self, tip: Oid, commit: Oid) -> bool:
        """Whether `commit` is `tip` or one of its ancestors."""
        return bool(self.contained(tip, [commit]))

    def existing(self, commits: Collection[Oid]) -> set[Oid]:
        """Those of `commits` that are commits of this repository."""
        unknown = sorted(set(commits) - self._here)
        if unknown:
            request = "".join(f"{commit}\n" for commit in unknown).encode()
            answer = self._git.text("cat-file", "--batch-check=%(objectname) %(objecttype)", input=request)
            lines = answer.splitlines()
            self._here |= {line.split(" ")[0] for line in lines if line.endswith(" commit")}
        return set(commits) & self._here

    def remembered(self, key: tuple[str, ...], find: Callable[[], Oid | None]) -> Oid | None:
        """What `find` found for `key`, found once: for questions that only commits decide."""
        if key not in self._remembered:
            self._remembered[key] = find()
        return self._remembered[key]

    def recalls(self, key: tuple[str, ...]) -> bool:
        """Whether the answer for `key` is remembered."""
        return key in self._remembered


def among_ancestors(git: Git, tip: Oid, commits: Sequence[Oid], below: Collection[Oid] = ()) -> set[Oid]:
    """Those of `commits`, of which there are some and which are here, that are `tip` or its ancestors.

    `below`: all parents of `commits`, and those that have none; where known, they are fewer to walk from.
    """
    if len(commits) == 1:
        return set(commits) if _is_ancestor(git, commits[0], tip) else set()
    root = git.probe("merge-base", "--octopus", tip, *(below or commits))
    if root is None:  # one of them has another history
        middle = len(commits) // 2
        return among_ancestors(git, tip, commits[:middle]) | among_ancestors(git, tip, commits[middle:])
    # Not `COMMITS ^TIP`: that walk goes by dates, and takes ancestors for others where clocks were wrong.
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
    return git.run("merge-base", "--is-ancestor", commit, tip, ok=(0, 1)).code == 0
