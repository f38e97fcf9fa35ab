"""Reads and writes the plan in git: a document in the tree of the plan's ref."""

import zlib
from typing import TYPE_CHECKING

import msgspec

from gitcoord.errors import GitcoordError
from gitcoord.event_stamp import now, worker_name
from gitcoord.events import PlanSaved
from gitcoord.git.git_cli import Git, Oid
from gitcoord.git.json_commits import decode, encode
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.planning.model import Plan
from gitcoord.tasks.model import TaskId

if TYPE_CHECKING:
    from gitcoord.planning.task_texts import Texts

_PLAN_FILE = "plan.json"
_TEXTS_FILE = "texts.json.gz"
_GZIP = 16 + zlib.MAX_WBITS
_MOST_TEXT = 64 << 20
"""The maximum number of bytes to unpack: anybody with push access may have written the file."""
GENERATIONS = "generation/"


class SavedPlan:
    """The ref of the plan, which all generations share."""

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
        """The commit with the plan, from the last fetch; None if there is none."""
        return self._shared.read(self.ref)

    def read(self) -> Plan | None:
        """Returns the plan, or None. Raises `foreign-state` if gitcoord did not write the ref."""
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
        """Returns the texts of the saved plan's tasks; empty if they cannot be read."""
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
        """Writes a tree with `plan` and `texts` (None: the saved texts); moves no ref."""
        text = msgspec.json.format(encode(plan), indent=1) + b"\n"
        files = [(_PLAN_FILE, self._write(text))]
        if texts is None:
            kept = self._git.probe("rev-parse", "--verify", "--quiet", f"{self.tip}:{_TEXTS_FILE}")
            files += [(_TEXTS_FILE, kept)] if kept else []
        elif texts:
            # Without a timestamp, equal texts give an equal file.
            packer = zlib.compressobj(wbits=_GZIP)
            packed = packer.compress(msgspec.json.encode(texts)) + packer.flush()
            files.append((_TEXTS_FILE, self._write(packed)))
        lines = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in files)
        return self._git.text("mktree", input=lines.encode())

    def _write(self, content: bytes) -> Oid:
        return self._git.text("hash-object", "-w", "--stdin", input=content)


def plan_saved(plan: Plan) -> PlanSaved:
    """Returns the event for a plan that was just saved."""
    return PlanSaved(
        at=now(),
        by=worker_name(),
        levels=len(plan.levels),
        tasks=len(plan.tasks),
        generation=plan.generation,
    )


def own_prefix(prefix: str, generation: int) -> str:
    """Returns the prefix of a generation's refs; all generations share the plan's ref."""
    return prefix if generation == 1 else f"{prefix}{GENERATIONS}{generation}/"


def foreign(ref: str, tip: Oid) -> GitcoordError:
    """Returns the error for a ref in gitcoord's namespace that gitcoord did not write."""
    return GitcoordError(
        "foreign-state",
        f"{ref} at {tip[:12]} was not written by gitcoord; gitcoord leaves it unchanged.",
        hint=f"Look at it with `git show {tip[:12]}`; rename or delete it, or set another `state-prefix`.",
    )


def newer(ref: str) -> GitcoordError:
    """Returns the error for a record that a newer version of gitcoord has written."""
    return GitcoordError(
        "newer-state",
        f"A newer version of gitcoord wrote to {ref}, with events that this version does not know.",
        hint="Upgrade gitcoord on this machine.",
    )
