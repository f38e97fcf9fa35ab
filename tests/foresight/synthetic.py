"""A repository with a history that can be learned from, made from a seed by one `git fast-import`.

Topics have files and words of their own. A change is about a topic: its message uses the words of the topic
and of the files that it edits, among words that all share. Tests, documents, a changelog and a registry come
along now and then. The popularity of topics and files is a Pareto distribution.
"""

import random
import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.support.repos import Repo

_CONSONANTS, _VOWELS = "bcdfghklmnprstvz", "aeiou"
_TOPICS, _TOPIC_WORDS, _COMMON_WORDS = 14, 25, 150
_CHANGELOG, _REGISTRY, _README = "CHANGELOG.md", "src/registry.py", "README.md"
_BEGIN, _HOUR = 1_700_000_000, 3600


class SourceFile(msgspec.Struct, frozen=True):
    """A file with the words that it is about, and how often it is changed beside others."""

    path: str
    words: list[str]
    weight: float


class Topic(msgspec.Struct, frozen=True):
    """A module: its files, its words, its test and its document."""

    name: str
    words: list[str]
    files: list[SourceFile]
    weight: float

    @property
    def test(self) -> str:
        """The path of the module's test."""
        return f"tests/test_{self.name}.py"

    @property
    def document(self) -> str:
        """The path of the module's document."""
        return f"docs/{self.name}.md"


def make_history(path: Path, *, seed: int = 7, changes: int = 500, shuffled: bool = False) -> Repo:
    """A bare repository with `changes` changes after the first; the same for the same seed.

    `shuffled`: what is said of a change has nothing to do with the files that it edits.
    """
    repo = Repo.create(path, bare=True)
    stream = _History(random.Random(seed), shuffled=shuffled).stream(changes)
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=path, env=repo.environment, input=b"".join(stream), check=True
    )
    return repo


class _History:
    def __init__(self, dice: random.Random, *, shuffled: bool) -> None:
        self._dice = dice
        self._shuffled = shuffled
        self._used: set[str] = set()
        self._common = [self._word() for _ in range(_COMMON_WORDS)]
        self._topics = [self._topic() for _ in range(_TOPICS)]
        self._content = self._first_content()

    def stream(self, changes: int) -> Iterable[bytes]:
        """What fast-import reads."""
        yield self._commit(0, "Begin", sorted(self._content))
        for number in range(1, changes + 1):
            message, paths = self._change()
            self._edit(paths, message.split("\n")[0], number)
            yield self._commit(number, message, paths)

    def _word(self) -> str:
        while True:
            syllables = self._dice.choice((2, 3, 3, 4))
            word = "".join(
                self._dice.choice(_CONSONANTS) + self._dice.choice(_VOWELS) for _ in range(syllables)
            )
            if word not in self._used:
                self._used.add(word)
                return word

    def _topic(self) -> Topic:
        dice, name = self._dice, self._word()
        words = [self._word() for _ in range(_TOPIC_WORDS)]
        files = []
        for number in range(dice.randint(3, 8)):
            own = dice.choice(words)
            path = f"src/{name}/{own}_{number}.py"
            files.append(SourceFile(path, [*dice.sample(words, 8), own], dice.paretovariate(1.2)))
        return Topic(name, words, files, dice.paretovariate(1.1))

    def _first_content(self) -> dict[str, list[str]]:
        dice, content = self._dice, dict[str, list[str]]()
        for topic in self._topics:
            for file in topic.files:
                content[file.path] = [
                    f"def {dice.choice(file.words)}_{dice.choice(topic.words)}({dice.choice(topic.words)}):\n"
                    f"    return {dice.choice(file.words)}"
                    for _ in range(dice.randint(8, 40))
                ]
            content[topic.test] = [f"def test_{dice.choice(topic.words)}_{at}(): pass" for at in range(15)]
            content[topic.document] = [
                " ".join(dice.choices(topic.words + self._common, k=8)) for _ in range(12)
            ]
        content[_CHANGELOG] = ["# Changes"]
        content[_REGISTRY] = ["MODULES = [", *(f'    "{topic.name}",' for topic in self._topics), "]"]
        content[_README] = [" ".join(dice.choices(self._common, k=10)) for _ in range(20)]
        return content

    def _change(self) -> tuple[str, list[str]]:
        """The message of a change and the paths that it edits."""
        dice = self._dice
        topic = dice.choices(self._topics, [topic.weight for topic in self._topics])[0]
        weights = [file.weight for file in topic.files]
        chosen = dice.choices(topic.files, weights, k=dice.choice((1, 1, 1, 2, 2, 3)))
        if dice.random() < 0.12:
            chosen.append(dice.choice(dice.choice(self._topics).files))
        files = {file.path: file for file in chosen}
        said = [
            word
            for file in files.values()
            for word in (*dice.sample(file.words, 3), dice.choice(topic.words))
        ]
        paths = set(files)
        if dice.random() < 0.6:
            paths.add(topic.test)
        if dice.random() < 0.15:
            paths.add(topic.document)
            said.append("docs")
        if dice.random() < 0.25:
            paths.add(_CHANGELOG)
        if dice.random() < 0.08:
            paths.add(_REGISTRY)
            said.append("registry")
        if dice.random() < 0.05:
            paths, said = {_README}, [*dice.sample(self._common, 4), "readme"]
        if self._shuffled:
            said = [dice.choice(dice.choice(self._topics).words) for _ in said]
        title = " ".join([*dice.sample(said, min(len(said), 4)), *dice.choices(self._common, k=2)])
        beside = [*dice.choices(self._common, k=18), *dice.choices(dice.choice(self._topics).words, k=2)]
        return f"{title}\n\n{' '.join([*said, *beside])}", sorted(paths)

    def _edit(self, paths: list[str], title: str, number: int) -> None:
        dice, words = self._dice, title.split()
        for path in paths:
            lines = self._content[path]
            if path == _CHANGELOG:
                lines.insert(1, f"- {title}")
                continue
            at = min(len(lines) - 1, int(abs(dice.gauss(len(lines) * 0.5, len(lines) * 0.25))))
            if dice.random() < 0.5:
                lines[at] = f"{lines[at].split('#')[0].rstrip()}  # {dice.choice(words)} {number}"
            else:
                lines.insert(
                    at + 1, f"def {dice.choice(words)}_{number}(): return {dice.choice(self._common)}"
                )

    def _commit(self, number: int, message: str, paths: list[str]) -> bytes:
        stamp, text = _BEGIN + number * _HOUR, message.encode()
        parts = [b"commit refs/heads/main\ncommitter A Person <person@example.com> %d +0000\n" % stamp]
        parts.append(b"data %d\n%s\n" % (len(text), text))
        for path in paths:
            content = "\n".join([*self._content[path], ""]).encode()
            parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
        return b"".join(parts)
