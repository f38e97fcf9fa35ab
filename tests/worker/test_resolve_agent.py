"""The agent's program, named as one does in a shell, is there before anything begins."""

from pathlib import Path

import pytest

from gitcoord.errors import Exit, GitcoordError
from gitcoord.git.locate_repository import locate
from gitcoord.git.remote_refs import SharedRefs
from gitcoord.worker.attempt.resolve_agent import with_program
from tests.support.repos import Repo


@pytest.fixture
def shared(tmp_path: Path) -> SharedRefs:
    remote, work = Repo.pair(tmp_path / "pair", files={"a.txt": "a\n"})
    remote.commit({"tools/own": "#!/bin/sh\n"}, branch="other")
    return SharedRefs(locate(work.path).open(), "refs/gitcoord/")


def test_a_relative_program_is_the_callers_and_one_that_only_a_branch_has_stays(
    shared: SharedRefs, tmp_path: Path
) -> None:
    here = tmp_path / "he re"
    here.mkdir()
    for name in ("agent.sh", "../above"):
        (here / name).write_text("#!/bin/sh\n")
        (here / name).chmod(0o755)
    (here / "plain").write_text("#!/bin/sh\n")

    def told(command: str, *, shell: bool = False) -> str:
        return with_program(command, here, shared, shell=shell)

    assert told("./agent.sh -p 'two words'") == f"'{here}/agent.sh' -p 'two words'"
    assert told("../above") == f"{tmp_path}/above"
    for as_it_is in (f"'{here}/agent.sh' -p", "sh -c 'x  y'", "./tools/own -x"):
        assert told(as_it_is) == as_it_is
    assert told("./nowhere < x", shell=True) == "./nowhere < x"
    for wrong, word in {
        "./nowhere": "not a file",
        "../own": "not a file",
        "/nonexistent/agent": "not a file",
        "no-such-program-anywhere": "PATH",
        "./plain": "not executable",
        "'": "cannot be read",
    }.items():
        with pytest.raises(GitcoordError, match=word) as refused:
            told(wrong)
        assert refused.value.exit is Exit.USAGE
