"""What agents do wrong, as pieces of shell: `{t}` is a word that no other piece has.

`work FILE WORD` writes a word that has to be found somewhere in the end, `common` is what checkouts share.
"""

import random
import shlex
from collections.abc import Sequence
from typing import NamedTuple

PRELUDE = """\
word() { printf '%s\\n' "$1"; }
work() { mkdir -p "$(dirname -- "$1")"; word "$2" >> "$1" && word "$2" >> "$PLACE/ledger"; }
commit() { work "$1" "$1"; git add -A -- "$1"; git commit -qm "$1"; }
common=$(git rev-parse --path-format=absolute --git-common-dir)
"""
BEGIN = "git ls-files -dz 2>/dev/null | xargs -0r git checkout -q --\n"
HONEST = """\
find . -mindepth 2 -name .git -exec rm -rf {} +
for begun in rebase merge cherry-pick; do git $begun --abort 2>/dev/null; done
"""
_CONFIGS = (
    *("core.hooksPath .husky", "user.name Agent", "core.bare true", "core.worktree /nowhere"),
    *("remote.origin.url /nowhere", "commit.gpgsign true", "core.autocrlf true", "gc.auto 1"),
)
_DELETE = "git for-each-ref --format='delete %(refname)'"
_NESTED = "mkdir -p n-{t}/sub; cd n-{t}/sub; work f {t}; git init -q ."
MISDEEDS = {
    "nested": f"{_NESTED}; cd ../..",
    "nested with commits": f"{_NESTED}; git add -A; git commit -qm Mine; cd ../..",
    "nested with a remote": f"{_NESTED}; git remote add origin /nowhere; cd ../..",
    "detached": "git checkout -q --detach; commit {t}",
    "detached and back": "git checkout -q --detach; commit {t}; git checkout -q -",
    "own branch": "git switch -qc own-{t}; commit {t}",
    "reset": "commit {t}; git reset -q --hard HEAD~1",
    "amended": "commit {t}; git commit -q --amend -m Amended",
    "branch deleted": "commit {t}; git checkout -q --detach; git branch -qD $GITCOORD_BRANCH",
    "config": "git config {config}",
    "remote removed": "git remote remove origin",
    "sparse": "git sparse-checkout set src; commit src/{t}",
    "locks": 'for l in index HEAD; do touch "$(git rev-parse --git-dir)/$l.lock"; done',
    "branch locked": 'ref=$(git symbolic-ref -q HEAD) && touch "$common/$ref.lock"',
    "config locked": 'touch "$common/config.lock"',
    "refs locked": 'touch "$common/packed-refs.lock"',
    "no .git": "work {t} {t}; rm .git",
    "other .git": "work {t} {t}; rm .git; git init -q .; git add -A; git commit -qm Mine",
    "git's record removed": 'commit {t}; rm -rf "$(git rev-parse --git-dir)"',
    "checkout emptied": 'rm -rf -- "$PWD"/* "$PWD"/.[!.]*; work {t} {t}; exit 1',
    "checkout removed": 'here=$PWD; cd /; rm -rf "$here"; exit 1',
    "pushed elsewhere": "commit {t}; git push -q origin HEAD:refs/heads/agents/{t}",
    "pushed by itself": "commit {t}; git push -q origin HEAD",
    "stashed": "work {t} {t}; git stash push -qu; exit 1",
    "TERM ignored": "work {t} {t}; trap '' TERM; while :; do sleep 1; done",
    "fled": """setsid sh -c "trap '' TERM; while :; do sleep 1; done" > "$PLACE/fled" 2>&1 &""",
    "gitcoord's files removed": 'rm -rf "$common/gitcoord"',
    "mirror removed": f"{_DELETE} refs/gitcoord-mirror | git update-ref --stdin",
    "secrets": "work .env {t}; printf -- '-----BEGIN PRIVATE KEY-----\\n' > key-{t}; work key-{t} key-{t}",
    "large": "head -c 1200000 /dev/zero > big-{t}; work big-{t} {t}",
    "left in the middle": (
        "commit {t}; echo a > c-{t}; git add c-{t}; git commit -qm a; git branch -q own-{t}; "
        "git reset -q --hard HEAD~1; echo b > c-{t}; git add c-{t}; git commit -qm b; git cherry-pick own-{t}"
    ),
    "odd names": "work '-{t}' {t}; work ' \"{t}\n' 2-{t}; work 'é\\{t}' 3-{t}",
    "hidden change": "git update-index --assume-unchanged own/$unit; work own/$unit {t}",
    "branch gone": "commit {t}; git update-ref -d HEAD",
    "HEAD gone": "git checkout -q --detach; commit {t}; git update-ref -d HEAD",
    "plan removed": "git update-ref -d refs/gitcoord/plan",
    "state removed": f"{_DELETE} refs/gitcoord | git update-ref --stdin",
    "packed": "commit {t}; git gc -q",
    "loud": "head -c 3000000 /dev/zero | tr '\\0' x",
    "worker killed": "work {t} {t}; kill -9 $PPID",
}
NEED_A_REMOTE = ("remote removed", "mirror removed", "pushed elsewhere", "pushed by itself")
_LAST = (
    "checkout emptied",
    "TERM ignored",
    "worker killed",
    "checkout removed",
    "no .git",
    "other .git",
    "git's record removed",
)
"""After these nothing else can be done in the checkout."""
_RESETTING = ("reset", "left in the middle", "stashed")


class Deed(NamedTuple):
    """One attempt of an agent: the names of what it does wrong, and its script."""

    names: tuple[str, ...]
    script: str


def draw(dice: random.Random, unit: str, attempt: int, *, remote: bool) -> Deed:
    """An attempt with one to three misdeeds; the unit's own work is in it as well."""
    known = [name for name in MISDEEDS if remote or name not in NEED_A_REMOTE]
    names = dice.sample(known, dice.choice((1, 1, 2, 3)))
    last = [name for name in names if name in _LAST][:1]
    names = [name for name in names if name not in _LAST] + last
    if not {"checkout emptied", "checkout removed"}.isdisjoint(last):
        names = last  # it would take away its own work
    if "hidden change" in names:  # a reset by the agent itself throws that away
        names = [name for name in names if name not in _RESETTING]
    if "branch locked" in names:  # what cannot be committed would be reset away by the agent itself
        names = [name for name in names if name not in _RESETTING]
    configs = [one for one in _CONFIGS if remote or "remote" not in one]
    return deed(unit, attempt, names, config=dice.choice(configs), code=dice.choice((0, 0, 1)))


def deed(unit: str, attempt: int, names: Sequence[str], config: str = _CONFIGS[0], code: int = 1) -> Deed:
    """An attempt with these misdeeds, one after the other, that ends with `code`."""
    pieces = []
    for number, name in enumerate(names):
        word = f"w{unit.replace('.', '-')}-{attempt}-{number}"
        piece = MISDEEDS[name].replace("{t}", word).replace("{config}", config)
        pieces.append(f"echo {shlex.quote(name)}\n{piece}")
    return Deed(tuple(names), "\n".join([*pieces, f"exit {code}\n"]))
