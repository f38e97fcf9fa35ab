"""Commits an agent's uncommitted changes to its branch, or returns the reason why it cannot."""

import os
from collections.abc import Sequence

import msgspec

from gitcoord.conflicts.rules import Rulebook
from gitcoord.git.git_cli import Oid
from gitcoord.git.hooked_commits import commit_with_hooks
from gitcoord.git.repository import Repository
from gitcoord.git.worktree import WorkingCopy
from gitcoord.git.write_commits import commit_tree
from gitcoord.settings import RuleSettings
from gitcoord.text_lists import some
from gitcoord.worker.attempt.held_back_store import held_back_files, record_held_back
from gitcoord.worker.attempt.nested_repositories import NestedResult, absorb
from gitcoord.worker.attempt.submodules import problem_with
from gitcoord.worker.attempt.uncommitted_work import changed_entries
from gitcoord.worker.hold_back_rules import in_words, unwanted_files
from gitcoord.worker.unit import WorkUnit

_TRIES = 2
_SKIPPED = "the repository's hooks did not run for the uncommitted changes (commit-hooks is off)"


class CheckoutOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The checkout after the agent: its commit `head`, and a `problem` if the work is not committed.

    `unresolved`: the problem is a conflict. `keep`: the checkout must stay, because its content could not be
    committed.
    """

    head: Oid
    problem: str = ""
    keep: bool = False
    notes: tuple[str, ...] = ()
    unresolved: bool = False


def commit_all_work(
    repository: Repository,
    copy: WorkingCopy,
    unit: WorkUnit,
    rules: RuleSettings,
    *,
    starts: Sequence[Oid],
    base: Oid,
    message: str,
    commit: bool,
    take_nested: bool = True,
    hooks: bool = True,
) -> CheckoutOutcome:
    """Commits the agent's files or merge to the unit's branch, and moves commits of other branches there.

    `starts`: the commit at which this attempt began, then those of earlier attempts. `message` is for new
    commits, except for a merge. Without `commit`, uncommitted changes other than a merge are a problem.
    """
    head = copy.git.text("rev-parse", "--verify", "HEAD")
    begun = copy.operation()
    if begun:
        return CheckoutOutcome(head=head, problem=f"the checkout was left in the middle of a {begun}")
    problem = _onto_branch(repository, copy, unit, head)
    if problem:
        return CheckoutOutcome(head=head, problem=problem)
    anew = _with_history(repository, copy, message, starts, base)
    state = copy.merge_state()
    unresolved = copy.unresolved(state) if state.running else []
    if unresolved:
        return CheckoutOutcome(
            head=head, problem=f"the conflict is not resolved in {some(unresolved)}", unresolved=True
        )
    taken, held = NestedResult(), ""
    if commit and (nested := _nested(copy, rules)):
        taken = absorb(repository, copy, nested, add=take_nested)
    if taken.problem:
        return CheckoutOutcome(head=head, problem=taken.problem, keep=True)
    if commit:
        held = _hold_back(copy, rules)
    if state.running or commit:
        refused = _commit(
            repository, copy, message, rules, merging=state.running, everything=commit, hooks=hooks
        )
        if refused:
            return CheckoutOutcome(head=head, problem=refused, keep=True)
    elif changes := copy.changes(untracked=True):
        return CheckoutOutcome(
            head=head, problem=f"the agent left changes that are not committed: {some(changes)}"
        )
    tip = copy.git.text("rev-parse", "--verify", "HEAD")
    skipped = _SKIPPED if tip != head and not hooks else ""
    notes = (*taken.notes, *filter(None, (anew, held, skipped)))
    return CheckoutOutcome(head=tip, problem=problem_with(copy, starts[0]), notes=notes)


def _with_history(
    repository: Repository, copy: WorkingCopy, message: str, starts: Sequence[Oid], base: Oid
) -> str:
    """Replaces commits with an unrelated history (`git checkout --orphan`) by one on top of one of `starts`.

    Chooses the start that differs least: on top of a later one, the base's newer changes would look reverted.
    Uses `base` if, because of an earlier attempt, the history of every start is unrelated, too. Returns what
    it did in words; empty if nothing.
    """
    git = copy.git
    if git.probe("merge-base", "HEAD", base) is not None:
        return ""
    known = [one for one in starts if git.probe("merge-base", one, base) is not None] or [base]
    start = min(known, key=lambda one: len(git.lines("diff-tree", "-r", "--name-only", one, "HEAD")))
    tree, who = git.text("rev-parse", "HEAD^{tree}"), repository.identity
    commit = commit_tree(git, tree, [start], message, environment=who)
    git.run("reset", "--quiet", "--soft", commit)
    return f"the agent's commits had no history in common with {start[:12]}; replaced by one on top of it"


def _hold_back(copy: WorkingCopy, rules: RuleSettings) -> str:
    """Keeps unwanted new files out of the next commit; returns a sentence with names and reasons, or ""."""
    git, fields = copy.git, changed_entries(copy)
    staged = [field[3:] for field in fields if field.startswith("A")]
    unknown = [field[3:] for field in fields if field.startswith("??") and not field.endswith("/")]
    new = [*unknown, *(path for path in staged if git.probe("cat-file", "-e", f"MERGE_HEAD:{path}") is None)]
    found = unwanted_files(copy.directory, new, rules)
    record_held_back(copy, list(found))
    if out := [path for path in staged if path in found]:
        listed = b"\0".join(map(os.fsencode, out))
        how = ("--pathspec-from-file=-", "--pathspec-file-nul")
        git.run("--literal-pathspecs", "rm", "--cached", "--force", "--quiet", "--sparse", *how, input=listed)
    if not found:
        return ""
    where = "they stay in this clone (.git/gitcoord-kept/held-back)"
    return f"held back, and not committed: {in_words(found)}; {where}"


def _nested(copy: WorkingCopy, rules: RuleSettings) -> list[str]:
    """The untracked directories that are nested repositories, without scratch ones.

    Git lists such a directory as one path, which ends with `/`.
    """
    unknown = [field[3:] for field in changed_entries(copy) if field.startswith("??") and field.endswith("/")]
    return [path for path in unknown if path not in Rulebook(rules).by("scratch", unknown)]


def _onto_branch(repository: Repository, copy: WorkingCopy, unit: WorkUnit, head: Oid) -> str:
    here = copy.branch()
    if here == unit.branch:
        return ""
    tip = repository.resolve(f"refs/heads/{unit.branch}")
    if tip is not None and not repository.ancestry.contains(head, tip):
        return f"the checkout was left on {here or 'a detached HEAD'}, which lacks commits of {unit.branch}"
    # Agents often make branches of their own; their work belongs on the unit's branch.
    copy.git.run("switch", "--quiet", "--force-create", unit.branch)
    return ""


def _commit(
    repository: Repository,
    copy: WorkingCopy,
    message: str,
    rules: RuleSettings,
    *,
    merging: bool,
    everything: bool,
    hooks: bool,
) -> str:
    """Commits the files; returns why a hook or git refused that, or an empty string."""
    git = copy.git
    _add(copy, rules, everything=everything)
    how = ("--no-edit",) if merging else ("--file=-",)
    text, who, refused = f"{message}\n".encode("utf-8", "replace"), repository.identity, ""
    for _ in range(_TRIES):
        if not merging and git.run("diff", "--cached", "--quiet", ok=(0, 1)).code == 0:
            return ""
        if hooks:
            refused = commit_with_hooks(git, *how, message=text, environment=who)
        else:
            ended = git.run("commit", "--quiet", *how, "--no-verify", input=text, environment=who, ok=())
            refused = ended.reason if ended.code else ""
        if not refused:
            return ""
        # A hook that formats files refuses the first commit, and accepts it when they are added again.
        _add(copy, rules, everything=everything)
    return f"its changes could not be committed: {refused}"


def _add(copy: WorkingCopy, rules: RuleSettings, *, everything: bool) -> None:
    git = copy.git
    fields = changed_entries(copy)
    unknown = [field[3:] for field in fields if field.startswith("??")]
    scratch = set(Rulebook(rules).by("scratch", unknown)) | set(held_back_files(copy))
    # A nested repository is listed as a directory, not as a file.
    left = [field[3:] for field in fields if field[1] != " " and not field.endswith("/")]
    wanted = [path for path in left if path not in scratch]
    if not everything:
        wanted = [path for path in wanted if path not in set(unknown)]
    if wanted:
        listed = b"\0".join(map(os.fsencode, wanted))
        how = ("--pathspec-from-file=-", "--pathspec-file-nul")
        # `--sparse`: an agent may have restricted the checkout (`git sparse-checkout`).
        git.run("--literal-pathspecs", "add", "--all", "--sparse", *how, input=listed)
