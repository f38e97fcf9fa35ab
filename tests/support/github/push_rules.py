"""Protected branches as git's own pushes meet them: GH006 and GH013, said by an update hook."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.github.model import Protection

_CHANGES = "Changes must be made through a pull request."
_HOOK = r"""#!/bin/sh
# Called by git for each ref: update REF OLD NEW. The rules: REF|title|condition|sentence.
[ -s push-rules ] || exit 0
zero=0000000000000000000000000000000000000000
refused=
while IFS='|' read -r ref title condition sentence; do
  [ "$ref" = "$1" ] || continue
  case $condition in
    always) ;;
    delete) [ "$3" = $zero ] || continue ;;
    force)
      [ "$2" = $zero ] || [ "$3" = $zero ] && continue
      git merge-base --is-ancestor "$2" "$3" && continue ;;
    merges)
      [ "$3" = $zero ] && continue
      [ -z "$(git rev-list --merges -1 "$3" --not "$2" 2>/dev/null)" ] && continue ;;
    unsigned)
      [ "$3" = $zero ] && continue
      unsigned=
      for sha in $(git rev-list "$3" --not --all); do
        git cat-file commit "$sha" | sed '/^$/q' | grep -q '^gpgsig' || unsigned=yes
      done
      [ -n "$unsigned" ] || continue ;;
  esac
  [ -n "$refused" ] || echo "error: $title $1." >&2
  echo "error: $sentence" >&2
  refused=yes
done <push-rules
[ -z "$refused" ]
"""
_TITLES = {
    "classic": "GH006: Protected branch update failed for",
    "ruleset": "GH013: Repository rule violations found for",
}


def write(git_dir: Path, rules: Mapping[str, Sequence[Protection]], user: str) -> None:
    """Writes the hook and what it goes by."""
    lines = [
        f"refs/heads/{branch}|{_TITLES[protection.form]}|{condition}|{dash(protection)}{sentence}\n"
        for branch, protections in rules.items()
        for protection in protections
        for condition, sentence in sentences(protection, user)
    ]
    (git_dir / "push-rules").write_text("".join(lines), encoding="utf-8")
    hook = git_dir / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_HOOK, encoding="utf-8")
    hook.chmod(0o755)


def dash(protection: Protection) -> str:
    """Rulesets say what is broken as a list."""
    return "- " if protection.form == "ruleset" else ""


def sentences(protection: Protection, user: str) -> list[tuple[str, str]]:
    """When a push is refused, and with what sentence."""
    found = [("delete", "Cannot delete this protected branch"), ("force", "Cannot force-push to this branch")]
    if protection.restricts_pushes and user not in protection.pushers:
        found.append(("always", "You're not authorized to push to this branch."))
    if protection.merge_queue:
        found.append(("always", "Changes must be made through the merge queue"))
    if protection.approvals or protection.pull_request_required:
        found.append(("always", _CHANGES))
    found += [
        ("always", f'Required status check "{check.context}" is expected.') for check in protection.checks
    ]
    if protection.linear_history:
        found.append(("merges", "This branch must not contain merge commits."))
    if protection.required_signatures:
        found.append(("unsigned", "Commits must have verified signatures."))
    return found
