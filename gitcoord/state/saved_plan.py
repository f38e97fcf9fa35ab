"""The plan as it lies in git: a document in the tree of the plan's ref."""

import zlib
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.events import PlanSaved
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.json_commits import decode, encode
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.planning.model import Plan
from gitcoord.state.journal import now, worker_name
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.planning.task_texts import Texts

_PLAN_FILE = "plan.json"
_TEXTS_FILE = "texts.json.gz"
_GZIP = 16 + zlib.MAX_WBITS
_MOST_TEXT = 64 << 20
"""Bytes: what is unpacked of a file that anybody who may push has written."""
GENERATIONS = "generation/"


class SavedPlan:
    """The ref that holds the plan, whatever its generation."""

    def __init__(self, git: Git, shared: SharedRefs, prefix: str) -> None:
        self._git = git
        self._shared = shared
        self._prefix = prefix
        self._read: tuple[Oid, Plan] | None = None

    @property
    def ref(self) -> str:
        """The ref's full name."""
        return f"{self._prefix}plan"

    @property
    def tip(self) -> Oid | None:
        """The commit that holds the plan, as of the last refresh."""
        return self._shared.read(self.ref)

    def read(self) -> Plan | None:
        """The plan, or None. Raises `foreign-state` when the ref holds something else."""
        tip = self.tip
        if tip is None:
            return None
        if self._read is None or self._read[0] != tip:
            text = self._git.run("cat-file", "blob", f"{tip}:{_PLAN_FILE}", ok=())
            plan: Plan | None = decode(text.stdout, Plan) if text.code == 0 else None
            if plan is None:
                raise foreign(self.ref, tip)
            self._read = (tip, plan)
        return self._read[1]

    def texts(self) -> "Texts":
        """The words of the saved plan's tasks; empty where they cannot be read."""
        tip = self.tip
        if tip is None:
            return {}
        from gitcoord.planning.task_texts import TaskTexts

        packed = self._git.run("cat-file", "blob", f"{tip}:{_TEXTS_FILE}", ok=()).stdout
        try:
            text = zlib.decompressobj(_GZIP).decompress(packed, _MOST_TEXT)
            texts: Texts = msgspec.json.decode(text, type=dict[TaskId, TaskTexts])
        except (zlib.error, msgspec.MsgspecError):
            return {}
        return texts

    def tree(self, plan: Plan, texts: "Texts | None" = None) -> Oid:
        """Writes the tree that holds `plan` and `texts` (None: those that are saved); no ref moves."""
        text = msgspec.json.format(encode(plan), indent=1) + b"\n"
        files = [(_PLAN_FILE, self._write(text))]
        if texts is None:
            kept = self._git.probe("rev-parse", "--verify", "--quiet", f"{self.tip}:{_TEXTS_FILE}")
            files += [(_TEXTS_FILE, kept)] if kept else []
        elif texts:
            # Without a time in it, equal words make an equal file.
            packer = zlib.compressobj(wbits=_GZIP)
            packed = packer.compress(msgspec.json.encode(texts)) + packer.flush()
            files.append((_TEXTS_FILE, self._write(packed)))
        lines = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in files)
        return self._git.text("mktree", input=lines.encode())

    def _write(self, content: bytes) -> Oid:
        return self._git.text("hash-object", "-w", "--stdin", input=content)


def plan_saved(plan: Plan) -> PlanSaved:
    """The event that `plan` was saved just now."""
    return PlanSaved(
        at=now(),
        by=worker_name(),
        levels=len(plan.levels),
        tasks=len(plan.tasks),
        generation=plan.generation,
    )


def own_prefix(prefix: str, generation: int) -> str:
    """What the refs of a generation begin with, under a state prefix; the plan's ref is one for all."""
    return prefix if generation == 1 else f"{prefix}{GENERATIONS}{generation}/"


def foreign(ref: str, tip: Oid) -> GitcoordError:
    """The error for a ref in gitcoord's namespace that holds something else."""
    return GitcoordError(
        "foreign-state",
        f"{ref} at {tip[:12]} holds something that gitcoord did not write; it is left as it is.",
        hint=f"Look at it with `git show {tip[:12]}`; move it away, or set another `state-prefix`.",
    )


def newer(ref: str) -> GitcoordError:
    """The error for a record that a newer version of gitcoord has written to."""
    return GitcoordError(
        "newer-state",
        f"{ref} was written to by a newer version of gitcoord, which knows events that this one does not.",
        hint="Upgrade gitcoord here; what it does not understand it does not go on with.",
    )
