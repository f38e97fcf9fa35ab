"""Checks of doctor: attributes, engines, generated files, the remote's working tree, other repositories."""

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gitcoord.cli.context import Context
    from gitcoord.forge.doctor_result import Diagnosis


def examine_attributes(context: "Context") -> "Iterator[Diagnosis]":
    """Warns if attributes outside the repository change how its files merge: other users do not have them."""
    from gitcoord.conflicts.rules import rulebook
    from gitcoord.forge.doctor_result import doubtful
    from gitcoord.text_lists import some

    git = context.repository.git
    files = git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", ok=()).stdout
    asked = ("check-attr", "-z", "--stdin", "--cached", "merge")
    without = {"GIT_ATTR_NOSYSTEM": "1"}
    here = git.run(*asked, input=files, ok=()).stdout.split(b"\0")
    alone = git.run(
        "-c", f"core.attributesFile={os.devnull}", *asked, input=files, ok=(), environment=without
    ).stdout.split(b"\0")
    differing = [
        os.fsdecode(path)
        for path, one, other in zip(here[::3], here[2::3], alone[2::3], strict=False)
        if one != other
    ]
    # Rules in the settings apply to all users.
    rules = rulebook(context.settings.rules)
    ours = {*rules.by("union", differing), *rules.by("regenerate", differing)}
    changed = [path for path in differing if path not in ours]
    if changed:
        yield doubtful(
            "attributes",
            f"Attributes outside the repository change how git merges {some(changed)}: "
            "other machines get other results.",
            "Move them from core.attributesFile to the repository's .gitattributes, or delete them.",
        )


def examine_engine(context: "Context", name: str) -> "Diagnosis":
    """Tries the engine: says whether it answers and accepts attempts, and how many slots are free."""
    from gitcoord.cli.running.open_engine import EngineChoice, open_engine
    from gitcoord.errors import GitcoordError
    from gitcoord.forge.doctor_result import broken, fine
    from gitcoord.worker.attempt.paths import run_directory

    label = f"engine {name}"
    try:
        engine = open_engine(
            context, run_directory(context.repository.common_dir, 1), 1, EngineChoice(name=name)
        )
        trouble, free = engine.check(), engine.free()
    except GitcoordError as error:
        return broken(label, error.message, error.hint)
    if trouble is not None:
        return broken(label, trouble.message, trouble.hint)
    room = "has no limit" if free is None else f"has {free} slot{'' if free == 1 else 's'}"
    return fine(label, f"It answers, accepts attempts, and {room}.")


def examine_regenerated(context: "Context") -> "Iterator[Diagnosis]":
    """Warns if files under `regenerate` rules could not be generated here, or would be merged after all."""
    rules = context.settings.rules
    if not rules.regenerate:
        return
    import shlex
    from shutil import which

    from gitcoord.conflicts.rules import rulebook
    from gitcoord.forge.doctor_result import doubtful
    from gitcoord.text_lists import some

    for command in () if context.settings.run.shell else dict.fromkeys(rules.regenerate.values()):
        program = shlex.split(command)[0]
        if "/" not in program and which(program) is None:
            yield doubtful(
                "regenerate",
                f"`{command}` under [rules.regenerate] needs {program}, which is not installed here.",
                f"Install {program}, or land on a machine that has it.",
            )
    git = context.repository.git
    files = git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", ok=()).stdout
    ruled = rulebook(rules).by("regenerate", filter(None, os.fsdecode(files).split("\0")))
    asked = git.run("check-attr", "-z", "--stdin", "--cached", "merge", input=_lines(ruled), ok=()).stdout
    fields = asked.split(b"\0")
    pairs = zip(fields[::3], fields[2::3], strict=False)
    merged = [os.fsdecode(path) for path, value in pairs if value not in (b"unset", b"binary")]
    if merged:
        yield doubtful(
            "regenerate",
            f"Attributes say how {some(merged)} is merged, and [rules.regenerate] has a command for it.",
            "Remove it from .gitattributes: the command would start from the merged file.",
        )


def _lines(paths: "Iterable[str]") -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def examine_remote_tree(context: "Context", base: str) -> "Iterator[Diagnosis]":
    """Reports a failure if the remote is a directory with the base checked out: git refuses to push to it."""
    from gitcoord.forge.doctor_result import broken
    from gitcoord.git.git_cli import Git
    from gitcoord.git.remote_refs import HEADS
    from gitcoord.git.worktree_list import worktrees

    place = _directory(context.repository.remote_url)
    if context.shared.remote is None or place is None:
        return
    git = Git(place)
    allowed = git.probe("config", "--get", "receive.denyCurrentBranch")
    at = worktrees(git).get(HEADS + base) if git.probe("rev-parse", "--is-bare-repository") else None
    if at is None or git.probe("rev-parse", "--is-bare-repository") == "true":
        return
    if allowed in ("updateInstead", "ignore", "warn", "false"):
        return
    yield broken(
        "remote",
        f"{base} is checked out in the remote, at {at}: git refuses to push to it.",
        "Use a bare repository (`git clone --bare`), check out another branch there, or set "
        "receive.denyCurrentBranch to updateInstead there.",
    )


def examine_repositories(
    home: "Context", examine: "Callable[[Context], Iterator[Diagnosis]]"
) -> "Iterator[Diagnosis]":
    """Checks whether landing would work in each repository that the settings name."""
    import msgspec

    from gitcoord.cli.across.repository_places import open_member
    from gitcoord.errors import GitcoordError
    from gitcoord.forge.doctor_result import broken, fine

    for name, given in home.settings.repositories.items():
        try:
            member = open_member(home, name, given)
        except GitcoordError as error:
            yield broken(f"repository {name}", error.message, error.hint)
            continue
        yield fine(
            f"repository {name}", f"It is at {member.repository.root or member.repository.common_dir}."
        )
        for finding in examine(member):
            yield msgspec.structs.replace(finding, name=f"{name}: {finding.name}")


def _directory(url: str | None) -> Path | None:
    """Returns the directory that a URL names on this machine; None if it names none."""
    if url is None:
        return None
    parts = urlsplit(url)
    path = Path(unquote(parts.path) if parts.scheme == "file" else url)
    return path if path.is_dir() else None
