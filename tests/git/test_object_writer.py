"""Writing objects into a quarantine, from several threads at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gitcoord.git.locate_repository import locate
from gitcoord.git.object_writer import Writer
from tests.support.repos import Repo


def test_an_id_is_given_out_only_once_its_object_is_there(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    base = repo.commit({"a.txt": "a\n"})
    contents = [bytes([number]) * 2_000_000 for number in range(8)]
    with locate(repo.path).open().git.quarantine() as git, ThreadPoolExecutor(4) as threads:
        writer = Writer(git, base)

        def whole(content: bytes) -> bool:
            oid = writer.blob(content)
            size = Path(git.scratch or "", oid[:2], oid[2:]).stat().st_size
            return size > len(content)

        assert all(threads.map(whole, [content for content in contents for _ in range(4)]))
