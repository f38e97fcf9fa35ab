"""The program behind `ScriptAgent`: plays the moves that its JSON file has for the unit of its environment.

Each move is an object with one key: `write`/`append` {path: text}, `replace` [path, old, new], `remove` path,
`commit` message, `git` [arguments], `sleep` seconds, `hang` true, `print` text, `spew` bytes, `exit` code,
`kill` signal (itself), `ignore` "TERM", `child` seconds (a child that ignores TERM), `flee` seconds (double
fork into a session of its own, TERM ignored), `fill` [path, bytes], `touch` path, `await` path (tests
choose the moment), `tokens` number, `note` true. `{id}`, `{attempt}`, `{title}` are replaced in texts.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNIT = os.environ.get("GITCOORD_SUBTASK") or os.environ.get("GITCOORD_TASK_ID", "none")
ATTEMPT = int(os.environ.get("GITCOORD_ATTEMPT", "1"))
PLACE = Path(sys.argv[1]).parent


def main() -> None:
    moves = chosen(json.loads(Path(sys.argv[1]).read_text()))
    diary("start")
    for move in moves:
        [(name, what)] = move.items()
        if name == "exit":
            diary("end")
            sys.exit(what)
        MOVES[name](filled(what))
    diary("end")


def chosen(scripts: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    names = [f"{UNIT}#{ATTEMPT}", UNIT, "*"]
    if os.environ.get("GITCOORD_REWORK"):
        names.insert(0, f"{UNIT}#rework")
    default = [{"write": {"agent-{id}.txt": "{id}\n"}}]
    return next((scripts[name] for name in names if name in scripts), default)


def filled(what: Any) -> Any:
    if isinstance(what, str):
        title = os.environ.get("GITCOORD_TASK_TITLE", "")
        return what.replace("{id}", UNIT).replace("{attempt}", str(ATTEMPT)).replace("{title}", title)
    if isinstance(what, list):
        return [filled(part) for part in what]
    if isinstance(what, dict):
        return {filled(key): filled(value) for key, value in what.items()}
    return what


def diary(what: str) -> None:
    entry = {"what": what, "id": UNIT, "attempt": ATTEMPT, "at": time.monotonic(), "pid": os.getpid()}
    with (PLACE / "diary").open("a") as file:
        file.write(json.dumps(entry) + "\n")


def write(files: dict[str, str], mode: str = "w") -> None:
    for path, text in files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open(mode) as file:
            file.write(text)


def append(files: dict[str, str]) -> None:
    write(files, "a")


def replace(how: list[str]) -> None:
    path, old, new = how
    text = Path(path).read_text()
    if old not in text:
        sys.exit(f"{path} has no {old!r}")
    Path(path).write_text(text.replace(old, new, 1))


def commit(message: str) -> None:
    git(["add", "--all"])
    git(["commit", "--quiet", "-m", message])


def git(arguments: list[str]) -> None:
    subprocess.run(["git", *arguments], check=True)


def say(text: str) -> None:
    print(text, flush=True)


def spew(count: int) -> None:
    line = b"y" * 1023 + b"\n"
    block = line * 1024
    while count > 0:
        sys.stdout.buffer.write(block[:count])
        count -= len(block)
    sys.stdout.buffer.flush()


def ignore(name: str) -> None:
    signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)


def child(seconds: float) -> None:
    if os.fork() == 0:
        ignore("TERM")
        stay(seconds)


def flee(seconds: float) -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            ignore("TERM")
            stay(seconds)
        os._exit(0)
    os.wait()


def stay(seconds: float) -> None:
    write({str(PLACE / f"child-{os.getpid()}"): ""})
    time.sleep(seconds)
    os._exit(0)


def hang(_: bool) -> None:
    time.sleep(300)  # for ever, as far as a test is concerned


def fill(how: tuple[str, int]) -> None:
    path, count = how
    try:
        with Path(path).open("wb", buffering=0) as file:
            for _ in range(count // 65536):
                file.write(b"\0" * 65536)
    except OSError as error:
        sys.exit(f"cannot write {path}: {error.strerror}")


def wait_for(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.02)


def tokens(count: int) -> None:
    Path(os.environ["GITCOORD_TOKENS_FILE"]).write_text(f"{count}\n")


def note(_: bool) -> None:
    prompt = os.environ.get("GITCOORD_PROMPT_FILE")
    seen = {
        "environment": dict(os.environ),
        "directory": str(Path.cwd()),
        "argv": sys.argv,
        "prompt": Path(prompt).read_text() if prompt else None,
    }
    write({str(PLACE / f"note-{UNIT}.json"): json.dumps(seen)})


MOVES: dict[str, Callable[[Any], object]] = {
    "write": write,
    "append": append,
    "replace": replace,
    "remove": lambda path: Path(path).unlink(),
    "commit": commit,
    "git": git,
    "sleep": time.sleep,
    "hang": hang,
    "print": say,
    "spew": spew,
    "kill": lambda number: os.kill(os.getpid(), number),
    "ignore": ignore,
    "child": child,
    "flee": flee,
    "fill": fill,
    "touch": lambda path: Path(path).touch(),
    "await": wait_for,
    "tokens": tokens,
    "note": note,
}

if __name__ == "__main__":
    main()
