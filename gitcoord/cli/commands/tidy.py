"""`gitcoord tidy`: removes worktrees and branches whose work is provably in the base."""

from typing import TYPE_CHECKING, Annotated

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import DryRun, Forge, GitHubRepository, Yes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitcoord.cli.context import Context
    from gitcoord.forge.pull_requests import Pull

_EPILOG = """\b
Examples:
  gitcoord tidy --dry-run  # show what would be removed, what stays
  gitcoord tidy            # the same, then ask and remove
  gitcoord tidy --older-than 7d --yes
  gitcoord tidy --ignored  # also delete ignored files (.env)
"""

_Base = Annotated[
    str | None, typer.Option("--base", metavar="BRANCH", help="The branch that must contain the work.")
]
_OlderThan = Annotated[
    str | None,
    typer.Option("--older-than", metavar="TIME", help="Only what nobody changed for this long, such as 7d."),
]
_Ignored = Annotated[
    bool, typer.Option("--ignored", help="Also remove worktrees whose ignored files exist nowhere else.")
]
_Json = Annotated[bool, typer.Option("--json", help="One gitcoord.tidy/1 document on stdout.")]


@app.command("tidy", epilog=_EPILOG)
def tidy(
    base: _Base = None,
    older_than: _OlderThan = None,
    ignored: _Ignored = False,
    forge: Forge = None,
    repository: GitHubRepository = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: _Json = False,
) -> None:
    """Remove worktrees and branches of this clone whose work is in the base, whichever tool made them.

    The proof is a commit of the base (also a squash or rebase) or a merged pull request. Keeps, and names,
    branches and worktrees without proof, and those that have uncommitted changes, are locked, are used by a
    process, or are in the middle of an operation such as a rebase. Never deletes branches of the remote.

    Exit code 0, even if there was nothing to remove; 1 if something could not be removed.
    """
    from gitcoord.cli.confirm import confirmed
    from gitcoord.cli.context import open_context
    from gitcoord.cli.time_options import seconds
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.cli.views.tidy import removable_sentence, removal_lines, show_survey, tidy_document
    from gitcoord.reclaim.remove import remove_all
    from gitcoord.reclaim.survey import SurveyRequest, take_survey

    age = None if older_than is None else seconds(older_than)
    context = open_context(reads=dry_run, several=True)
    context.repository.require_history()
    context.shared.refresh()
    onto = context.base(base)
    commit = context.shared.branch(onto) or ""
    request = SurveyRequest(base=onto, base_commit=commit, older_than=age, ignored=ignored)

    def ask_pulls(branches: "Sequence[str]") -> "Sequence[Pull]":
        return _find_pulls(context, branches, onto, forge, repository)

    survey = take_survey(context.repository, request, ask_pulls)
    if not as_json:
        show_survey(survey)
    if dry_run or not survey.removable:
        if as_json:
            emit_json("tidy", tidy_document(survey, ()))
        return
    if not confirmed(f"Remove {removable_sentence(survey)}?", yes=yes):
        say("Removed nothing.")
        return
    removals = list(remove_all(context.repository, survey.removable))
    if as_json:
        emit_json("tidy", tidy_document(survey, removals))
    else:
        for line in removal_lines(removals):
            say(line)
    if any(one.problem for one in removals):
        raise typer.Exit(1)


def _find_pulls(
    context: "Context", branches: "Sequence[str]", base: str, forge: str | None, repository: str | None
) -> "Sequence[Pull]":
    """Returns the current pull request of each of `branches`, and fetches the heads of the merged ones.

    If the forge fails, prints the reason and returns none.
    """
    from gitcoord.cli.open_forge import open_forge
    from gitcoord.cli.views.output import say
    from gitcoord.errors import GitcoordError

    try:
        found = open_forge(context, requested=forge, repository=repository).find_pulls(branches, base)
    except GitcoordError as error:
        say(f"Pull requests were not read: {error.message}")
        return ()
    pulls = [known.current for known in found.values() if known.current is not None]
    heads = {pull.head_commit for pull in pulls if pull.state == "merged"}
    for head in heads - context.repository.ancestry.existing(heads):
        context.shared.bring(head)
    return pulls
