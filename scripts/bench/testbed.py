"""Repositories to measure on: a generated one or a copy of a real one, with branches like those of agents.

Few files are touched often and most hardly ever (Zipf), branches touch three files in the middle, half of
them start behind the base; some add, delete and rename files, a few move a directory.
"""

import os
import random
import subprocess
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import IO, NamedTuple

WORDS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "value",
    "index",
    "table",
    "route",
    "parse",
    "render",
    "token",
    "cache",
    "entry",
    "model",
    "field",
    "error",
]
HISTORY = 300
STARTS = 16


class Testbed(NamedTuple):
    """A bare repository with the base branch and branches of work."""

    path: Path
    base: str
    branches: tuple[str, ...]

    def git(self, *arguments: str, input: bytes | None = None) -> str:
        ended = subprocess.run(["git", *arguments], cwd=self.path, input=input or b"", capture_output=True)
        if ended.returncode:
            raise SystemExit(f"git {' '.join(arguments[:3])}: {os.fsdecode(ended.stderr)}")
        return os.fsdecode(ended.stdout).removesuffix("\n")


def generated(path: Path, files: int, seed: int) -> Testbed:
    """A new repository of `files` files and a history of a few hundred commits."""
    dice = random.Random(seed)
    path.mkdir(parents=True)
    bed = Testbed(path, "main", ())
    bed.git("init", "--quiet", "--bare", "--initial-branch=main")
    names = [_name(dice, number) for number in range(files)]
    tree = {name: _text(dice) for name in names}
    stream = [_commit("refs/heads/main", None, 0, [_put(name, text) for name, text in tree.items()])]
    weights = _popularity(len(names))
    for number in range(1, HISTORY + 1):
        changes = []
        for name in {names[_pick(dice, weights)] for _ in range(dice.randint(1, 4))}:
            tree[name] = _edited(dice, tree[name])
            changes.append(_put(name, tree[name]))
        stream.append(_commit("refs/heads/main", None, number, changes))
    _import(bed, stream)
    return bed


def copied(source: Path, path: Path) -> Testbed:
    """A bare copy of a repository that shares its objects; `source` itself is never touched."""
    subprocess.run(["git", "clone", "--quiet", "--bare", "--shared", str(source), str(path)], check=True)
    bed = Testbed(path, "", ())
    return bed._replace(base=bed.git("symbolic-ref", "--short", "HEAD"))


def with_branches(bed: Testbed, count: int, seed: int) -> Testbed:
    """The same repository with `count` branches `work/0` … of work."""
    dice = random.Random(seed)
    spine = bed.git("rev-list", "--first-parent", f"--max-count={HISTORY + 1}", bed.base).split()
    starts = [spine[0], *dice.sample(spine[1:], min(STARTS, len(spine) - 1))]
    names = bed.git("ls-tree", "-r", "-z", "--name-only", spine[0]).split("\0")[:-1]
    dice.shuffle(names)
    weights = _popularity(len(names))
    stream = []
    with _Reader(bed) as reader:
        for number in range(count):
            start = starts[0] if dice.random() < 0.5 else dice.choice(starts)
            wanted = min(20, max(1, round(dice.lognormvariate(1.1, 1.0))))
            chosen = dict.fromkeys(names[_pick(dice, weights)] for _ in range(wanted))
            changes = [change for name in chosen for change in _edit(dice, reader, start, name)]
            changes += _structure(dice, reader, start, dice.choice(names), number)
            if dice.random() < 0.02:
                changes += _moved_directory(bed, start, names[_pick(dice, weights)], number)
            stream.append(_commit(f"refs/heads/work/{number}", start, 10_000 + number, changes))
    _import(bed, stream)
    return bed._replace(branches=tuple(f"work/{number}" for number in range(count)))


def with_merges(bed: Testbed, seed: int) -> None:
    """Merges each branch into the base as it was at some time, or into another branch, as history has it."""
    dice = random.Random(seed)
    spine = bed.git("rev-list", "--first-parent", f"--max-count={HISTORY + 1}", bed.base).split()
    stream = []
    for number, branch in enumerate(bed.branches):
        onto = dice.choice(spine) if dice.random() < 0.6 else f"refs/heads/{dice.choice(bed.branches)}^0"
        # What the merge came to does not matter: it is done again.
        merge = f"merge refs/heads/{branch}^0".encode()
        stream.append(_commit(f"refs/heads/merged/{number}", onto, 30_000 + number, [merge]))
    _import(bed, stream)


def moved_on(bed: Testbed, branch: str, seed: int) -> None:
    """Lets one branch move by a commit."""
    dice = random.Random(seed)
    changed = bed.git("diff-tree", "-r", "-z", "--name-only", "--diff-filter=d", f"{branch}^", branch)
    # A branch may have nothing but removed files, or no change at all, or no file.
    files = changed or bed.git("ls-tree", "-r", "-z", "--name-only", branch)
    path = files.split("\0")[0] or "new.py"
    text = bed.git("cat-file", "blob", f"{branch}:{path}") if files else ""
    _import(
        bed,
        [
            _commit(
                f"refs/heads/{branch}",
                bed.git("rev-parse", branch),
                20_000,
                [_put(path, _edited(dice, os.fsencode(text)))],
            )
        ],
    )


class _Reader:
    """File contents through one `git cat-file`."""

    def __init__(self, bed: Testbed) -> None:
        self._git = subprocess.Popen(
            ["git", "cat-file", "--batch"], cwd=bed.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> "_Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._git.communicate()

    def read(self, commit: str, path: str) -> bytes | None:
        if "\n" in path:
            return None  # one line is one question
        asking, answers = _pipes(self._git)
        asking.write(os.fsencode(f"{commit}:{path}") + b"\n")
        asking.flush()
        head = answers.readline()
        if head.endswith(b" missing\n"):
            return None  # its line repeats the path, with whatever blanks that has
        _, kind, size = head.split()
        content = answers.read(int(size))
        answers.read(1)
        return content if kind == b"blob" else None


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout


def _edit(dice: random.Random, reader: _Reader, start: str, name: str) -> Iterator[bytes]:
    text = reader.read(start, name)
    if text is not None and _editable(name, text):
        yield _put(name, _edited(dice, text))


def _structure(dice: random.Random, reader: _Reader, start: str, name: str, number: int) -> Iterator[bytes]:
    """Sometimes a new, a removed or a renamed file: any one, for popular files stay where they are."""
    text = reader.read(start, name)
    kind = dice.random()
    folder = name.rpartition("/")[0]
    if text is None or not _editable(name, text):
        return
    if kind < 0.35:
        yield _put(f"{folder}/new_{dice.randrange(400)}.py".lstrip("/"), _text(dice))
    elif kind < 0.45:
        yield b"D " + _quoted(name)
    elif kind < 0.6:
        yield b"R " + _quoted(name) + b" " + _quoted(f"{name}.moved{number}")
        yield _put(f"{name}.moved{number}", _edited(dice, text))


def _editable(name: str, text: bytes) -> bool:
    return b"\0" not in text and b"\n" not in os.fsencode(name) and len(text) < 200_000


def _moved_directory(bed: Testbed, start: str, name: str, number: int) -> list[bytes]:
    folder = name.rpartition("/")[0]
    if not folder:
        return []  # a file at the top: there is no directory to move
    inside = bed.git(
        "--literal-pathspecs", "ls-tree", "-r", "-z", "--name-only", start, "--", folder + "/"
    ).split("\0")[:-1]
    if not 1 < len(inside) < 40:
        return []
    return [b"R " + _quoted(folder) + b" " + _quoted(f"{folder}_moved{number}")]


def _edited(dice: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        # Lists and registries grow at the end, everything else anywhere.
        at = len(lines) - 1 if dice.random() < 0.1 else dice.randrange(len(lines))
        lines[at : at + dice.randint(0, 2)] = [_line(dice) for _ in range(dice.randint(1, 4))]
    return b"\n".join(lines)


def _line(dice: random.Random) -> bytes:
    name, value = dice.choice(WORDS), dice.choice(WORDS)
    return f"    {name}_{dice.randrange(1000)} = {value}({dice.randrange(10**6)})".encode()


def _text(dice: random.Random) -> bytes:
    lines = []
    for number in range(dice.randint(20, 160)):
        lines.append(f"def {dice.choice(WORDS)}_{number}():".encode() if number % 12 == 0 else _line(dice))
    return b"\n".join(lines) + b"\n"


def _name(dice: random.Random, number: int) -> str:
    return f"{WORDS[number % 7]}/{dice.choice(WORDS)}/{dice.choice(WORDS)}_{number}.py"


def _popularity(count: int) -> list[float]:
    return list(accumulate((rank + 15) ** -0.95 for rank in range(1, count + 1)))


def _pick(dice: random.Random, weights: Sequence[float]) -> int:
    return min(bisect(weights, dice.random() * weights[-1]), len(weights) - 1)


def _quoted(path: str) -> bytes:
    return b'"' + b"".join(b"\\%03o" % byte for byte in os.fsencode(path)) + b'"'


def _put(path: str, text: bytes) -> bytes:
    return b"M 100644 inline " + _quoted(path) + b"\ndata %d\n%b" % (len(text), text)


def _commit(ref: str, start: str | None, number: int, changes: Sequence[bytes]) -> bytes:
    who = f"A Worker <worker@example.com> {1_700_000_000 + number * 60} +0000".encode()
    lines = [b"commit " + ref.encode(), b"author " + who, b"committer " + who, b"data 4\nwork"]
    if start:
        lines.append(b"from " + start.encode())
    return b"\n".join([*lines, *changes, b"", b""])


def _import(bed: Testbed, stream: Sequence[bytes]) -> None:
    bed.git("fast-import", "--quiet", "--force", input=b"".join(stream))


def tips(bed: Testbed) -> Mapping[str, str]:
    """The commit of every branch."""
    names = "".join(f"refs/heads/{branch}\n" for branch in (bed.base, *bed.branches))
    found = bed.git("cat-file", "--batch-check=%(objectname)", input=names.encode()).split("\n")
    return dict(zip((bed.base, *bed.branches), found, strict=True))
