"""Reads an agent's usage from the JSON that it prints: tokens, and US dollars if it reports them.

Claude Code with `--output-format json` or `stream-json` prints a `result` with `total_cost_usd` and `usage`
(https://docs.claude.com/en/docs/claude-code/headless), Codex with `exec --json` a `turn.completed` with
`usage` (https://github.com/openai/codex/blob/main/docs/exec.md).
"""

import msgspec

_LONGEST = 4 << 20
_MOST = 1 << 53


class _Usage(msgspec.Struct):
    """Tokens. Codex includes cached tokens in its input, Claude Code does not."""

    input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        parts = (
            self.input_tokens,
            self.cache_creation_input_tokens,
            self.cache_read_input_tokens,
            self.output_tokens,
        )
        return sum(max(0, part) for part in parts)


class _Line(msgspec.Struct):
    type: str = ""
    usage: _Usage | None = None
    total_cost_usd: float | None = None


class Spending:
    """Adds up the usage in the lines of an output. `tokens` and `usd` are None until a line has some."""

    def __init__(self) -> None:
        self._rest = b""
        self.tokens: int | None = None
        self.usd: float | None = None

    def write(self, data: bytes) -> None:
        """Reads more of the output; lines without usage need almost no time."""
        whole = self._rest + data if self._rest else data
        end = whole.rfind(b"\n") + 1
        if b'"usage"' in whole[:end]:
            for line in whole[:end].splitlines():
                self._take(line)
        rest = whole[end:]
        # Keep an unfinished line only if it can become a document.
        self._rest = rest if rest.lstrip()[:1] in (b"{", b"[") and len(rest) <= _LONGEST else b""

    def close(self) -> None:
        """Reads the rest of the output: its last line may lack a line feed."""
        self._take(self._rest)
        self._rest = b""

    def _take(self, line: bytes) -> None:
        if b'"usage"' not in line or line.lstrip()[:1] not in (b"{", b"["):
            return
        for one in _lines(line):
            if one.type not in ("result", "turn.completed"):
                continue
            if one.usage is not None:
                self.tokens = (self.tokens or 0) + min(one.usage.total, _MOST)
            if one.total_cost_usd is not None and one.total_cost_usd >= 0:
                self.usd = (self.usd or 0.0) + one.total_cost_usd


def _lines(line: bytes) -> list[_Line]:
    """Returns the documents on the line; Claude Code with `--verbose` prints a list of them."""
    try:
        found = msgspec.json.decode(line, type=_Line | list[_Line])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return []
    return found if isinstance(found, list) else [found]
