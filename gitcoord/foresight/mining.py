"""Reads history, tree and blobs from git, each with one process or two."""

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, Final

from gitcoord.foresight.hot_files import EditCount
from gitcoord.foresight.model import MinedChange, RawChange, TrackedFile
from gitcoord.foresight.words import plain_text, scope_of, terms_of, without_paths
from gitcoord.git.git_cli import Git, Oid, stdin_lines

MOST_CHANGES: Final = 3000
_MOST_TERMS: Final = 400
_NO_FETCH: Final = {"GIT_NO_LAZY_FETCH": "1"}
_MERGES: Final = ("Merge pull request", "Merge branch", "Merge remote-tracking", "Auto merge")
_HUNK: Final = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,\d+)? @@")
_LINK_MODE, _MODULE_MODE = "120000", "160000"


class HistoryReader:
    """Reads the history and the files of one repository from git."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def list_changes(self, commit: Oid, most: int = MOST_CHANGES) -> list[Oid]:
        """Returns the commits of the base's first-parent line up to `commit`, newest first."""
        return self._git.lines("rev-list", "--first-parent", f"--max-count={most}", commit, "--")

    def mine_changes(self, commit: Oid, most: int) -> Iterator[MinedChange]:
        """Yields the newest `most` commits of the base's first-parent line with their paths, newest first."""
        for change in self.read_changes(commit, most):
            title, body = split_message(change.message)
            yield MinedChange(
                commit=change.commit,
                terms=Counter(terms_of(message_text(title, body), _MOST_TERMS)),
                scope=scope_of(title),
                paths=change.paths,
                renames=change.renames,
            )

    def read_changes(self, commit: Oid, most: int) -> Iterator[RawChange]:
        """Yields the newest `most` commits of the base's first-parent line as git prints them, newest first.

        Detects only exact renames: for others git would read every blob, which partial clones do not have.
        """
        result = self._git.with_environment(_NO_FETCH).run(
            *(
                "log",
                "--first-parent",
                f"--max-count={most}",
                "--diff-merges=first-parent",
                "--raw",
                "-M100%",
            ),
            *("--no-color", "--no-ext-diff", "-z", "--format=%H%x00%P%x00%an <%ae>%x00%B%x00"),
            *(commit, "--"),
        )
        return _changes(iter(result.stdout.decode("utf-8", "replace").split("\0")))

    def list_files(self, commit: Oid) -> list[TrackedFile]:
        """Returns the files of the commit's tree, without links and submodules."""
        listed = self._git.run("ls-tree", "-r", "-z", "--full-tree", commit).stdout.decode("utf-8", "replace")
        found = []
        for entry in listed.split("\0"):
            if entry:
                facts, _, path = entry.partition("\t")
                mode, _, oid = facts.split(" ")
                if mode not in (_LINK_MODE, _MODULE_MODE):
                    found.append(TrackedFile(path, oid))
        return found

    def read_blobs(self, oids: Sequence[Oid], largest: int) -> Iterator[tuple[Oid, int, bytes]]:
        """Yields id, size and content of each local blob; first those larger than `largest`, without content.

        Sizes are in bytes.
        """
        git = self._git.with_environment(_NO_FETCH)
        form = "--batch-check=%(objectsize) %(objectname)"
        # In a partial clone git ends at the first blob that it would have to fetch.
        told = git.run("cat-file", form, "--buffer", input=stdin_lines(oids), ok=()) if oids else None
        answers = (line.partition(" ") for line in (told.text.split("\n") if told is not None else ()))
        sizes = {oid: int(size) for size, _, oid in answers if size.isdigit()}
        yield from ((oid, size, b"") for oid, size in sizes.items() if size > largest)
        small = [oid for oid, size in sizes.items() if size <= largest]
        for oid, content in zip(small, self._contents(small), strict=True):
            yield oid, sizes[oid], content

    def _contents(self, oids: Sequence[Oid]) -> Iterator[bytes]:
        """Yields the content of each blob in order."""
        process = self._git.with_environment(_NO_FETCH).start("cat-file", "--batch", "--buffer")
        questions, answers = process.stdin, process.stdout
        if questions is None or answers is None:
            return
        # Write in a thread: git stops reading questions while nobody reads its answers.
        asking = threading.Thread(target=_ask, args=(questions, oids), daemon=True)
        asking.start()
        try:
            for _ in oids:
                yield _answer(answers)
        finally:
            answers.close()
            asking.join()
            process.wait()

    def count_edits(
        self, commit: Oid, paths: Sequence[str], *, most: int | None = None, after: Oid | None = None
    ) -> dict[str, EditCount]:
        """Counts, for each of `paths`, the hunks of changes up to `commit`, and those hunks that only insert.

        Counts only the newest `most` changes that touch any of `paths`, and only changes that `after` lacks.
        """
        if not paths:
            return {}
        part = [] if most is None else [f"--max-count={most}"]
        result = self._git.with_environment(_NO_FETCH).run(
            *("log", "--first-parent", *part, "--diff-merges=first-parent", "--patch", "-U0"),
            *("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--src-prefix=a/"),
            *("--dst-prefix=b/", "--format=", commit, *([f"^{after}"] if after else ()), "--"),
            *(f":(top,literal){path}" for path in paths),
            ok=(),
        )
        hunks: dict[str, list[bool]] = {}
        path = ""
        known = {f"b/{one}".encode("utf-8", "replace"): one for one in paths}
        for line in result.stdout.split(b"\n"):
            if line.startswith(b"+++ "):
                path = known.get(line[4:].strip(b'"').rstrip(b"\t"), "")
            elif path and (hunk := _HUNK.match(line)):
                hunks.setdefault(path, []).append(hunk[1] == b"0")
        return {one: EditCount(sum(found), len(found)) for one, found in hunks.items()}


def message_text(title: str, body: str) -> str:
    """Returns the words that describe a change: the title twice, without paths and machine-readable text."""
    return without_paths(plain_text(f"{title}\n{title}\n{body}"))


def split_message(message: str) -> tuple[str, str]:
    """Returns title and body of a commit message; a merge of a pull request has its title in the body."""
    title, _, body = message.strip().partition("\n")
    body = body.strip()
    if title.startswith(_MERGES) and body:
        title, _, body = body.partition("\n")
    return title, body.strip()


def _ask(pipe: IO[bytes], oids: Sequence[Oid]) -> None:
    try:
        pipe.write(stdin_lines(oids))
        pipe.close()
    except OSError:
        return


def _answer(pipe: IO[bytes]) -> bytes:
    head = pipe.readline().split()
    if len(head) != 3:
        return b""
    content = pipe.read(int(head[2]))
    pipe.read(1)
    return content


def _changes(fields: Iterator[str]) -> Iterator[RawChange]:
    """Yields the changes in git's output: four facts and an empty field, then the entries of the diff."""
    field = next(fields, "")
    while field:
        commit, parents, author, message = field, next(fields, ""), next(fields, ""), next(fields, "")
        paths: list[str] = []
        renames: list[tuple[str, str]] = []
        next(fields, "")
        while (field := next(fields, "").removeprefix("\n")).startswith(":"):
            path = next(fields, "")
            if field.rpartition(" ")[2].startswith(("R", "C")):
                former, path = path, next(fields, "")
                renames.append((former, path))
            paths.append(path)
        yield RawChange(
            commit=commit,
            parent=parents.partition(" ")[0],
            author=author,
            message=message,
            paths=tuple(paths),
            renames=tuple(renames),
        )
