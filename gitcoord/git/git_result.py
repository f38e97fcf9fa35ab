"""The result of a git process: its exit code and its output."""

import os

import msgspec

from gitcoord.redact import redact_said

_LONGEST_REMOTE_TEXT = 500


_OWN_WORDS = (
    "remote:",
    "error:",
    "fatal:",
    "hint:",
    "warning:",
    "send-pack:",
    "fetch-pack:",
    "To ",
    *(" ! ", "!\t", "Done", "Everything up-to-date"),
)


class GitResult(msgspec.Struct, frozen=True):
    """The result of a git process: exit code, raw stdout, redacted stderr."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """stdout as text without the last line feed; bytes that are not UTF-8 survive as surrogates."""
        return os.fsdecode(self.stdout).removesuffix("\n")

    @property
    def reason(self) -> str:
        """The first error line of stderr, else the last line that is not a hint, else the exit code."""
        lines = [line for line in map(str.strip, self.stderr.splitlines()) if line and line[:5] != "hint:"]
        for line in lines:
            if line.startswith(("fatal:", "error:", "remote: error:", "! [")):
                return line
        return lines[-1] if lines else f"exit code {self.code}"

    @property
    def remote_text(self) -> str:
        """The output of the remote, such as that of a hook that refused a push."""
        lines = (
            line.removeprefix("remote:").strip() for line in self.stderr.splitlines() if _is_remote(line)
        )
        return " ".join(filter(None, lines))[:_LONGEST_REMOTE_TEXT]

    @property
    def hook_text(self) -> str:
        """The end of the output that neither git nor the remote wrote: that of a hook in this repository."""
        both = f"{redact_said(self.text)}\n{self.stderr}".splitlines()
        lines = (line.strip() for line in both if not line.startswith(_OWN_WORDS))
        return " ".join(filter(None, lines))[-_LONGEST_REMOTE_TEXT // 2 :]


def _is_remote(line: str) -> bool:
    return line.startswith("remote:")
