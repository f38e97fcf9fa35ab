"""`gitcoord tidy`: worktrees and branches whose work the base provably has, whoever made them."""

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
  gitcoord tidy --dry-run             what there is, what could go, what stays
  gitcoord tidy                       the same, asks, and removes it
  gitcoord tidy --older-than 7d --yes
  gitcoord tidy --ignored             ignored files (.env) may go, too
"""

_Base = Annotated[
    str | None, typer.Option("--base", metavar="BRANCH", help="The branch that has to have the work.")
]
_OlderThan = Annotated[
    str | None,
    typer.Option("--older-than", metavar="TIME", help="Only what was not touched for so long, such as 7d."),
]
_Ignored = Annotated[
    bool, typer.Option("--ignored", help="Lose ignored files of worktrees, whatever they are.")
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

    Proved by the commits of the base, squashes and rebases included, or by a merged pull request; what is
    not proved is named and stays. So does whatever is not committed, locked, in use by a process or in the
    middle of an operation. Branches of the remote are left alone.

    Exit code 0, also when nothing could go; 1 when something that was to go is still there.
    """
    from gitcoord.cli.confirm import confirmed
    from gitcoord.cli.context import open_context
    from gitcoord.cli.time_options import seconds
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.cli.views.tidy import removal_lines, show_survey, tidy_document, what_goes
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
        return _merged_pulls(context, branches, onto, forge, repository)

    survey = take_survey(context.repository, request, ask_pulls)
    if not as_json:
        show_survey(survey)
    if dry_run or not survey.removable:
        if as_json:
            emit_json("tidy", tidy_document(survey, ()))
        return
    if not confirmed(f"Remove {what_goes(survey)}?", yes=yes):
        say("Nothing was removed.")
        return
    removals = list(remove_all(context.repository, survey.removable))
    if as_json:
        emit_json("tidy", tidy_document(survey, removals))
    else:
        for line in removal_lines(removals):
            say(line)
    if any(one.problem for one in removals):
        raise typer.Exit(1)


def _merged_pulls(
    context: "Context", branches: "Sequence[str]", base: str, forge: str | None, repository: str | None
) -> "Sequence[Pull]":
    """The merged pull requests of these branches; none, with a word about it, where nobody can be asked."""
    from gitcoord.cli.open_forge import open_forge
    from gitcoord.cli.views.output import say
    from gitcoord.errors import GitcoordError

    try:
        found = open_forge(context, asked=forge, repository=repository).find_pulls(branches, base)
    except GitcoordError as error:
        say(f"Pull requests were not asked about: {error.message}")
        return ()
    pulls = [known.current for known in found.values() if known.current is not None]
    heads = {pull.head_commit for pull in pulls if pull.state == "merged"}
    for head in heads - context.repository.ancestry.existing(heads):
        context.shared.bring(head)
    return pulls
