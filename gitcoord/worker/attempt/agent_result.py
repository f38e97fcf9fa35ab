"""How an agent says that it ended, where it cannot choose an exit code: a word and a sentence in a file."""

import re
from pathlib import Path
from typing import Literal, get_args

import msgspec

from gitcoord.worker.attempt.exchange_files import RESULT, read

Word = Literal["done", "again", "wrong"]
_FORM = re.compile(rf"[\W_]*({'|'.join(get_args(Word))})\b[\W_]*", re.IGNORECASE)
"""The word, in whatever quotation marks or list marks a model puts around it."""
_LONGEST = 300


class AgentWords(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wrote about its end."""

    word: Word
    sentence: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.sentence}" if self.sentence else self.word


def agent_words(checkout: Path) -> AgentWords | None:
    """What the agent in `checkout` wrote, if it wrote one of the words."""
    return parse_words(read(checkout, RESULT))


def parse_words(text: str) -> AgentWords | None:
    """The word that `text` opens with, and the sentence after it."""
    found = _FORM.match(text)
    if found is None:
        return None
    sentence = " ".join(text[found.end() :].split())[:_LONGEST]
    word: Word = found[1].lower()  # type: ignore[assignment]
    return AgentWords(word=word, sentence=sentence)
