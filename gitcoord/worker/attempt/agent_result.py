"""The result file of an agent that cannot choose an exit code: a word and a sentence."""

import re
from pathlib import Path
from typing import Literal, get_args

import msgspec

from gitcoord.worker.attempt.exchange_files import RESULT, read

Word = Literal["done", "again", "wrong"]
_FORM = re.compile(rf"[\W_]*({'|'.join(get_args(Word))})\b[\W_]*", re.IGNORECASE)
"""The word, with any quotation marks or list marks that a model puts around it."""
_LONGEST = 300


class AgentWords(msgspec.Struct, frozen=True, kw_only=True):
    """The word and sentence that an agent wrote about its result."""

    word: Word
    sentence: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.sentence}" if self.sentence else self.word


def agent_words(checkout: Path) -> AgentWords | None:
    """Reads the result file of the agent in `checkout`; None unless it begins with one of the words."""
    return parse_words(read(checkout, RESULT))


def parse_words(text: str) -> AgentWords | None:
    """Parses the word at the beginning of `text` and the sentence after it."""
    found = _FORM.match(text)
    if found is None:
        return None
    sentence = " ".join(text[found.end() :].split())[:_LONGEST]
    word: Word = found[1].lower()  # type: ignore[assignment]
    return AgentWords(word=word, sentence=sentence)
