"""`gitcoord doctor`: says whether landing would work here, and how to fix what would fail."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gitcoord.cli.app import app
from gitcoord.cli.options import GitHubRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gitcoord.cli.context import Context
    from gitcoord.errors import GitcoordError
    from gitcoord.forge.doctor_result import Diagnosis

_MARKS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}
_EPILOG = """\b
Examples:
  gitcoord doctor         # what works, what is missing, how to fix it
  gitcoord doctor --json  # the same for a program
  gitcoord doctor --engine kubernetes
"""


@app.command("doctor", epilog=_EPILOG)
def doctor(
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="BRANCH", help="The branch that work lands on.", show_default=False),
    ] = None,
    repository: GitHubRepository = None,
    engine: Annotated[
        Literal["local", "ssh", "kubernetes", "slurm", "dask", "argo"] | None,
        typer.Option("--engine", help="Also try this engine.", show_default="the engine in the settings"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One gitcoord.doctor/1 document on stdout.")
    ] = False,
) -> int:
    """Check whether landing would work: git, remote, state, token, permissions, rules, limits.

    Exit code 0 if it would work, 1 if it would fail. Changes nothing permanently: it pushes one ref and
    deletes it again, to see whether it can store the state. It tests permissions with writes that GitHub
    refuses in any case: the reason for the refusal shows whether the permission is missing.
    """
    from gitcoord.errors import Exit

    findings = list(_examine(base, repository, engine))
    works = all(finding.verdict != "failed" for finding in findings)
    _tell(findings, works, as_json)
    return Exit.OK if works else Exit.NO


def _examine(base: str | None, repository: str | None, engine: str | None) -> "Iterator[Diagnosis]":
    from gitcoord.cli.context import acts_across, open_context
    from gitcoord.errors import GitcoordError
    from gitcoord.forge.doctor_result import broken, fine

    try:
        context = open_context(several=True)
    except GitcoordError as error:
        yield broken(_NAMES.get(error.code, "git"), error.message, error.hint)
        return
    yield fine("git", f"{context.repository.git.text('version')} is new enough.")
    yield from _examine_here(context, base, repository)
    yield from _engine(context, engine)
    if acts_across(context.settings):
        from gitcoord.cli.setup.doctor_places import examine_repositories

        def examine(member: "Context") -> "Iterator[Diagnosis]":
            yield from _examine_here(member, None, None)
            yield from _engine(member, engine)

        yield from examine_repositories(context, examine)


def _engine(context: "Context", requested: str | None) -> "Iterator[Diagnosis]":
    """Tries the requested engine, else the engine of the settings unless it is `local`."""
    chosen = requested or context.settings.run.engine
    if requested or chosen != "local":
        from gitcoord.cli.setup.doctor_places import examine_engine

        yield examine_engine(context, chosen)


def _examine_here(context: "Context", base: str | None, repository: str | None) -> "Iterator[Diagnosis]":
    from gitcoord.cli.setup.doctor_places import examine_attributes, examine_regenerated, examine_remote_tree
    from gitcoord.errors import GitcoordError
    from gitcoord.forge.doctor_result import broken, doubtful, fine

    name = "remote"
    try:
        context.shared.refresh()
        yield fine(name, _where(context))
        if several := context.repository.several_urls():
            hint = "Other workers have to push there, too: compare `git remote -v`."
            yield doubtful("remote URLs", several, hint)
        name = "base"
        landing = context.base(base)
        yield fine(name, f"Work lands on {landing}.")
        name = "history"
        context.repository.require_history()
    except GitcoordError as error:
        hint = error.hint if name != "remote" else _login_hint(context, error)
        yield broken(_NAMES.get(error.code, name), error.message, hint)
        if name == "remote":
            # If the remote does not answer, the token is often wrong; GitHub's API says more about it.
            yield from _github_alone(context, base, repository)
        return
    yield from _guarded("branches", lambda: _branches(context))
    yield from _guarded("attributes", lambda: examine_attributes(context))
    yield from _guarded("regenerate", lambda: examine_regenerated(context))
    yield from _guarded("remote", lambda: examine_remote_tree(context, landing))
    yield from _guarded("signing", lambda: _signing(context))
    yield from _guarded("state", lambda: _state(context))
    yield from _guarded("github", lambda: _github(context, landing, repository))


def _login_hint(context: "Context", error: "GitcoordError") -> str:
    """Returns the hint for a remote's error. Without a login, git reports only that it cannot ask for one."""
    from gitcoord.cli.open_forge import is_github

    if is_github(context.repository.remote_url) and error.passing == "perhaps":
        return "Git has no login there, or the remote rejects it: see the token's row below."
    return error.hint


def _github_alone(context: "Context", base: str | None, repository: str | None) -> "Iterator[Diagnosis]":
    from gitcoord.cli.open_forge import is_github

    if is_github(context.repository.remote_url):
        landing = base or context.settings.base or "main"
        yield from _guarded("github", lambda: _github(context, landing, repository))


def _guarded(name: str, look: "Callable[[], Iterator[Diagnosis]]") -> "Iterator[Diagnosis]":
    from gitcoord.errors import GitcoordError
    from gitcoord.forge.doctor_result import broken

    try:
        yield from look()
    except GitcoordError as error:
        yield broken(_NAMES.get(error.code, name), error.message, error.hint)


_NAMES = {
    "no-token": "token",
    "bad-token": "token",
    "no-app-key": "token",
    "bad-app-key": "token",
    "app-refused": "token",
    "app-not-installed": "token",
    "not-found": "repository",
    "rate-limited": "rate limit",
    "bad-settings": "settings",
}


def _where(context: "Context") -> str:
    remote = context.shared.remote
    return f"The remote {remote} answers." if remote else "There is no remote: all data stays in this clone."


def _branches(context: "Context") -> "Iterator[Diagnosis]":
    from gitcoord.forge.doctor_result import fine
    from gitcoord.git.remote_refs import HEADS
    from gitcoord.planning.branch_names import branch_name
    from gitcoord.worker.free_branch_names import require_free, require_free_names

    plan = context.store.plan()
    if plan is None:
        # Without a plan there are no names yet; a first task's names show whether the patterns work.
        first = {"level": "0", "task": "1", "tag": "master"}
        patterns = (context.settings.task_branch, context.settings.level_branch)
        require_free(context.shared, [HEADS + branch_name(pattern, 1, **first) for pattern in patterns])
    else:
        require_free_names(context.shared, plan, context.store.progress())
    yield fine("branches", "The branches of tasks and levels can be created.")


def _signing(context: "Context") -> "Iterator[Diagnosis]":
    from gitcoord.forge.doctor_result import fine

    if context.repository.signs:
        context.repository.require_signer()
        yield fine("signing", "Git signs commits (commit.gpgSign), and so does gitcoord.")


def _state(context: "Context") -> "Iterator[Diagnosis]":
    from uuid import uuid4

    from gitcoord.forge.doctor_result import broken, fine
    from gitcoord.git.json_commits import write_document
    from gitcoord.git.remote_refs import RefUpdate

    ref = f"{context.shared.state_prefix}doctor/{uuid4().hex}"
    commit = write_document(context.repository, "Check that gitcoord can store its state", b"{}", None).commit
    if not context.shared.publish([RefUpdate(ref, None, commit)]):
        yield broken("state", f"{ref} could not be created.", "Run `gitcoord doctor` again.")
        return
    context.shared.publish([RefUpdate(ref, commit, None)])
    yield fine("state", f"Plan and journal can be stored under {context.shared.state_prefix}.")


def _github(context: "Context", base: str, repository: str | None) -> "Iterator[Diagnosis]":
    from gitcoord.cli.open_forge import is_github
    from gitcoord.forge.doctor_result import fine

    url, settings = context.repository.remote_url, context.settings
    if settings.forge == "local" or (settings.forge == "auto" and not is_github(url)):
        yield fine("forge", "Pull requests are stored in the repository itself (the local forge).")
        return
    from gitcoord.forge.github.doctor import examine_github

    asked = repository or settings.repository
    yield from examine_github(
        url=url,
        repository=asked,
        base=base,
        method=settings.method,
        signs=context.repository.signs,
        status=settings.landing.status,
        environ=context.environ,
    )


def _tell(findings: "list[Diagnosis]", works: bool, as_json: bool) -> None:
    from gitcoord.cli.views.output import clean, emit, emit_json
    from gitcoord.redact import redact

    if as_json:
        shown = [
            {
                "name": finding.name,
                "verdict": finding.verdict,
                "message": redact(finding.message),
                "hint": redact(finding.hint),
            }
            for finding in findings
        ]
        emit_json("doctor", {"works": works, "findings": shown})
        return
    for finding in findings:
        emit(clean(f"{_MARKS[finding.verdict]}  {finding.name}: {redact(finding.message)}"))
        if finding.hint and finding.verdict != "ok":
            emit(clean(f"         {redact(finding.hint)}"))
    emit("Landing would work." if works else "Landing would fail.")
