"""The error boundary: turns every error into a message (with --json, a document) and an exit code."""

import gc
import os
import sys

from gitcoord.cli.streams import prepare_streams, run_in_utf8

TYPE_CHECKING = False  # importing it from `typing` takes as long as everything else in this module
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitcoord.errors import Exit, Named


def run() -> None:
    """Runs the console script."""
    run_in_utf8()
    # Garbage collection would take a fifth of a short command's time, at the start and once more at the end.
    # Imported modules stay until the end, so there is nothing to collect.
    gc.set_threshold(100_000)
    code = main(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def main(argv: "Sequence[str]") -> int:
    """Runs one command and returns its exit code; reports all errors."""
    prepare_streams()
    if argv[:1] in (["check-file"], ("check-file",)):
        from gitcoord.cli.check_file_fast import quick_answer

        try:
            answer = quick_answer(list(argv[1:]))
        except OSError as error:
            return _refused_by_system("--json" in argv, error)
        if answer is not None:
            return answer
    from gitcoord import __version__
    from gitcoord.errors import Exit, GitcoordError

    if list(argv) == ["--version"]:
        sys.stdout.write(f"gitcoord {__version__}\n")
        return Exit.OK
    as_json = "--json" in argv
    try:
        if sorted(argv) == ["--json", "--version"]:
            from gitcoord.cli.installed import print_versions

            print_versions()
            return Exit.OK
        import fcntl  # noqa: F401
        import pwd  # noqa: F401 - most commands need both modules, and Windows has neither

        return _invoke(argv)
    except GitcoordError as error:
        return _fail(as_json, error.code, error.message, error.hint, error.exit, error.findings)
    except KeyboardInterrupt:
        hint = "Run the command again to continue."
        return _fail(as_json, "interrupted", "Interrupted.", hint, Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has exited (`| head`): the rest of the output has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except (OSError, MemoryError) as error:
        return _refused_by_system(as_json, error)
    except Exception as error:
        return _bug(as_json) if _missing_here(error) is None else _not_here(as_json, error)


def _invoke(argv: "Sequence[str]") -> int:
    if log := os.environ.get("GITCOORD_LOG"):
        _begin_log(log)
    from typer.main import get_command

    from gitcoord.cli.app import app
    from gitcoord.errors import Exit

    command = get_command(app)
    try:
        outcome = command.main(args=list(argv) or ["--help"], prog_name="gitcoord", standalone_mode=False)
    except Exception as error:
        from gitcoord.cli.usage_errors import usage_failure

        failure = usage_failure(error)
        if failure is None:
            raise
        raise failure from None
    except SystemExit as exit:
        if isinstance(exit.__context__, BrokenPipeError):
            raise exit.__context__ from None  # typer exits with 1, which means "no" here
        raise
    if outcome == Exit.INTERRUPTED and not isinstance(outcome, Exit):
        raise KeyboardInterrupt  # typer has turned KeyboardInterrupt into an exit code
    return int(outcome) if isinstance(outcome, int) else Exit.OK


def _begin_log(path: str) -> None:
    from gitcoord import trace
    from gitcoord.errors import usage_error

    try:
        trace.begin(file=path)
        # Workers run in other directories, and append to the same file.
        os.environ[trace.VARIABLE] = os.path.abspath(path)  # noqa: PTH100
    except OSError as error:
        way_out = "Give a file that you may write to."
        raise usage_error("bad-output", f"{trace.VARIABLE}={path}: {error.strerror}.", way_out) from error


def _fail(
    as_json: bool, code: str, message: str, hint: str, exit: "Exit", findings: "Sequence[Named]" = ()
) -> int:
    from gitcoord.cli.views.output import emit_json, say
    from gitcoord.redact import redact

    if as_json:
        document: dict[str, object] = {
            "code": code,
            "message": redact(message),
            "hint": redact(hint),
            "exit": int(exit),
        }
        if findings:
            document["findings"] = [
                {"code": one.code, "message": redact(one.message), "task": one.task} for one in findings
            ]
        emit_json("error", document)
    say(f"gitcoord: {message}")
    if hint:
        say(f"  hint: {hint}")
    return exit


def _refused_by_system(as_json: bool, error: "OSError | MemoryError") -> int:
    import errno

    from gitcoord.errors import Exit

    if isinstance(error, FileNotFoundError) and not _has_directory():
        gone = "The current directory does not exist any more."
        return _fail(as_json, "no-repository", gone, "Change to a clone of the project.", Exit.REFUSED)
    number = error.errno if isinstance(error, OSError) else errno.ENOMEM
    where = f" for {error.filename}" if isinstance(error, OSError) and error.filename else ""
    if number in (errno.ENOSPC, errno.EDQUOT):
        told = ("disk-full", f"The disk is full{where}: {os.strerror(number)}.")
        hint = "Free some space, then run the command again."
    elif number in (errno.EROFS, errno.EACCES, errno.EPERM):
        told = ("cannot-write", f"The system refuses access{where}: {os.strerror(number)}.")
        hint = "Run the command as a user with access, or in a clone that you may write to."
    elif number in (errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN):
        told = ("system-limit", f"The system refuses more memory, files or processes: {os.strerror(number)}.")
        hint = "Free some, or raise the limit (`ulimit -a` shows it), then run the command again."
    else:
        return _bug(as_json)
    try:
        return _fail(as_json, *told, hint, Exit.REFUSED)
    except (OSError, MemoryError):  # stdout itself is on the full disk
        return _fail(False, *told, hint, Exit.REFUSED)


def _has_directory() -> bool:
    """Whether the current directory exists. Somebody may remove it at any moment."""
    try:
        return bool(os.getcwd())  # noqa: PTH109 - this module does not load pathlib
    except FileNotFoundError:
        return False


_POSIX_ONLY = frozenset({"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"})


def _missing_here(error: Exception) -> str | None:
    """Returns the module that `error` could not import if only POSIX systems have that module, else None."""
    name = error.name if isinstance(error, ImportError) else None
    return name if name in _POSIX_ONLY else None


def _not_here(as_json: bool, error: Exception) -> int:
    from gitcoord.errors import Exit

    message = f"gitcoord needs Linux or macOS: Python has no {_missing_here(error)} on this system."
    return _fail(as_json, "unsupported-system", message, "On Windows, run it under WSL.", Exit.REFUSED)


def _bug(as_json: bool) -> int:
    import tempfile
    import traceback

    from gitcoord.errors import Exit
    from gitcoord.redact import redact

    told = redact(traceback.format_exc())
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="gitcoord-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log:
            log.write(told)
        message = f"This is a bug in gitcoord; its traceback is in {log.name}."
    except OSError:  # there is no writable directory for temporary files
        message = f"This is a bug in gitcoord:\n{told}"
    return _fail(as_json, "bug", message, "Please report it.", Exit.BUG)
