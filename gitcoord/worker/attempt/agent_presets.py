"""The command lines of well-known agents, such as `claude` for `--agent claude`.

Each runs without a terminal, may change files in its checkout, and asks no questions. The worker commits. A
command that consists only of such a name means the preset; every other command is used as it is.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec


class AgentPreset(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's arguments after its name; `{prompt}` stands for the path of the file with the prompt.

    `stdin`: the agent reads the prompt from standard input. `check_option`: one more argument that permits it
    to run the check, for which `{check}` stands; empty if it needs no permission. `environment`: variables
    to add.
    """

    arguments: tuple[str, ...]
    stdin: bool = True
    check_option: str = ""
    environment: Mapping[str, str] = MappingProxyType({})


PRESETS: Final[Mapping[str, AgentPreset]] = {
    # https://code.claude.com/docs/en/headless
    "claude": AgentPreset(
        arguments=(
            *("-p", "--permission-mode", "acceptEdits"),
            *("--allowedTools", "Bash(git add:*)", "Bash(git commit:*)", "Bash(gitcoord check-file:*)"),
        ),
        check_option="Bash({check})",
    ),
    # https://developers.openai.com/codex/noninteractive
    "codex": AgentPreset(arguments=("exec", "--sandbox", "workspace-write", "-")),
    # https://geminicli.com/docs/cli/headless; in a directory that it does not trust it edits nothing:
    # https://geminicli.com/docs/cli/trusted-folders
    "gemini": AgentPreset(
        arguments=("--approval-mode", "auto_edit"), environment={"GEMINI_CLI_TRUST_WORKSPACE": "true"}
    ),
    # https://aider.chat/docs/config/options.html; `--yes-always` alone would permit aider to send analytics,
    # to change .gitignore and to fetch every address that a task names.
    "aider": AgentPreset(
        arguments=(
            *("--message-file", "{prompt}", "--yes-always", "--no-auto-commits", "--no-dirty-commits"),
            *("--no-gitignore", "--no-analytics", "--no-check-update", "--no-show-release-notes"),
            *("--no-detect-urls", "--no-suggest-shell-commands", "--no-pretty", "--no-stream"),
            *("--chat-history-file", "/dev/null", "--input-history-file", "/dev/null"),
        ),
        stdin=False,
    ),
    # https://opencode.ai/docs/cli
    "opencode": AgentPreset(arguments=("run",)),
}


def find_preset(agent: str) -> AgentPreset | None:
    """The preset with the name `agent`; None if there is none."""
    return PRESETS.get(agent.strip())


def preset_words(agent: str, preset: AgentPreset, prompt: Path, check: str) -> list[str]:
    """Returns the command line of `preset` with the program `agent`."""
    words = [agent.strip(), *(word.replace("{prompt}", str(prompt)) for word in preset.arguments)]
    if preset.check_option and check:
        words.append(preset.check_option.replace("{check}", check))
    return words
