"""Splits text and source code into terms: words, parts of identifiers, paths. Pure."""

import re
from functools import lru_cache
from typing import Final

_STOP_WORDS: Final = frozenset(
    word
    for line in (
        "the a an and or of to in for on with is are be by as at from this that it its if not we you",
        "can use used using when which will was were has have had do does did done but so than then",
        "there their they them these those into out no yes all any some more most other such only own",
        "same too very just also should could would may might must one two i what how why where who",
        "via per e g etc new now add adds added fix fixes fixed make makes change changes changed",
        "update updates updated remove removes removed pr issue bug self def return none true false",
        "let fn pub mut impl struct enum import class function const var export async await else elif",
        "match while str int bool string number summary plan resolve try review information",
        "additional",
    )
    for word in line.split()
)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PART: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SUFFIXES: Final = ("ations", "ation", "ingly", "ings", "ing", "ies", "edly", "ed", "es", "ly", "s")
_EXTENSIONS: Final = (
    "py|pyi|rs|md|rst|txt|toml|yml|yaml|json|ts|tsx|js|jsx|mjs|cjs|mts|cts|html|css|scss|less|vue|svelte|svg|png|"
    "cfg|ini|in|lock|sh|snap|ipynb|go|java|kt|rb|php|c|h|cc|cpp|hpp|cs|swift|scala|sql|proto|ex|exs|tf|xml"
)
_PATH: Final = re.compile(rf"(?:[\w@.\-]+/)+[\w@.\-*]*|\b[\w\-]+\.(?:{_EXTENSIONS})\b")
_FILE: Final = re.compile(rf"(?:[\w@.\-]+/)*[\w.\-]+\.(?:{_EXTENSIONS})")
_DEFINITION: Final = re.compile(
    r"\b(?:def|class|fn|func|struct|enum|trait|mod|macro_rules!|function\*?|const|let|type|interface|static|var)"
    r"\s+([A-Za-z_][A-Za-z0-9_]{3,})"
)
_CODE: Final = re.compile(r"[a-z][A-Z]|_|[A-Z][a-z]+[A-Z]|\d")
_QUOTED: Final = re.compile(r"`+([^`\n]{2,80})`+")
_SCOPE: Final = re.compile(r"\s*(?:\[([^\]]+)\]|\w+\(([^)]+)\)!?:|(\w[\w\-/]*):)")

_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_TRAILER: Final = re.compile(
    r"^(?:co-authored-by|signed-off-by|reviewed-by|acked-by|tested-by)[: ]+[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_REFERENCE: Final = re.compile(r"\(?#\d+\)?|https?://\S+")
_MOST_CHARACTERS: Final = 4200


def plain_text(text: str) -> str:
    """Returns the start of a text, without HTML comments, trailers, links and references such as `#12`."""
    text = _TRAILER.sub("", _COMMENT.sub("", text))[:_MOST_CHARACTERS]
    return _REFERENCE.sub("", text)


def terms_of(text: str, most: int | None = None) -> list[str]:
    """Returns at most `most` terms of `text` in order: stems of words, and complete identifiers."""
    found: list[str] = []
    for word in _WORD.findall(text):
        found += identifier_terms(word)
        if most is not None and len(found) >= most:
            return found[:most]
    return found


@lru_cache(maxsize=1 << 19)
def identifier_terms(identifier: str) -> tuple[str, ...]:
    """Returns the stems of an identifier's parts (`getUserName`: get, user, name), and it in lower case."""
    if len(identifier) < 2 or identifier.lower() in _STOP_WORDS:
        return ()
    stems = (_stem(part.lower()) for part in _PART.findall(identifier) if len(part) > 1)
    parts = [stem for stem in stems if len(stem) > 1 and stem not in _STOP_WORDS]
    if len(parts) > 1 or "_" in identifier:
        whole = identifier.lower().strip("_")
        if len(whole) > 3:
            parts.append(whole)
    return tuple(parts)


def words_of(text: str) -> list[str]:
    """Returns the words of `text` as written; does not split identifiers."""
    return _WORD.findall(text)


def is_stop_word(word: str) -> bool:
    """Whether a word in lower case is too common to describe a text."""
    return word in _STOP_WORDS


def without_paths(text: str) -> str:
    """Removes paths and file names from `text`."""
    return _PATH.sub(" ", text)


def paths_in(text: str) -> list[str]:
    """Returns the paths and file names in `text`, in order, each once."""
    found = (path.strip("/").removeprefix("./").rstrip(".") for path in _PATH.findall(text))
    return list(dict.fromkeys(path for path in found if path))


def looks_like_file(path: str) -> bool:
    """Whether a path ends with a file name with a common extension."""
    return _FILE.fullmatch(path) is not None


def definitions_in(source: str) -> set[str]:
    """Returns the names that `source` seems to define, in any of the common languages."""
    return set(_DEFINITION.findall(source))


def code_identifiers(text: str) -> list[str]:
    """Returns the code identifiers in a text, sorted: those with the shape of one, or in code quotes."""
    found = {
        word
        for word in _WORD.findall(text)
        if len(bare := word.strip("_")) >= 4 and _CODE.search(bare) is not None
    }
    for quoted in _QUOTED.findall(text):
        found |= {
            word for word in _WORD.findall(quoted) if len(word) >= 4 and word.lower() not in _STOP_WORDS
        }
    return sorted(found)


def scope_of(title: str) -> str:
    """Returns the scope of a title (`fix(config): …`, `[cli] …`, `cli: …`) in lower case, else ""."""
    match = _SCOPE.match(title)
    return next(filter(None, match.groups()), "").lower() if match else ""


def _stem(word: str) -> str:
    """Removes common English endings from `word`, so its forms have the same stem."""
    if len(word) > 5:
        ending = next((end for end in _SUFFIXES if word.endswith(end) and len(word) - len(end) >= 3), "")
        if ending:
            word = word.removesuffix(ending) + ("y" if ending == "ies" else "")
        if len(word) > 4 and word[-1] == "e":
            word = word[:-1]
        if len(word) > 4 and word[-1] == word[-2] and word[-1] in "bdfgmnprt":
            word = word[:-1]
        return word
    return word[:-1] if len(word) >= 4 and word.endswith("s") and not word.endswith("ss") else word
