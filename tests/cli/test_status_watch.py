"""`gitcoord status --watch`: a document for each change, and how often the remote is asked."""

import signal
import time
from pathlib import Path

from gitcoord.cli.status.status_watch import next_pause
from tests.state.world import plan_of, started, store_of
from tests.support.cli import start_gitcoord
from tests.support.documents import require_known_documents
from tests.support.repos import Repo


def test_a_program_gets_a_document_for_each_change(tmp_path: Path) -> None:
    _, desk = Repo.pair(tmp_path)
    store = store_of(desk)
    store.save_plan(plan_of([[["1", "2"]]]))
    watching = start_gitcoord("status", "--watch", "--json", "--every", "0.2", cwd=desk.path)
    assert watching.stdout is not None
    try:
        first = watching.stdout.readline()
        assert b'"schema": "gitcoord.picture/1"' in first
        require_known_documents(first)
        assert b'"counts": {"ready": 2}' in first
        store.record(started("1"))
        assert b'"running": 1' in watching.stdout.readline()
        time.sleep(0.7)  # a few looks at what has not changed
        watching.send_signal(signal.SIGINT)
        assert watching.communicate(timeout=30)[0] == b""
        assert watching.returncode == 0
    finally:
        watching.kill()
        watching.wait()


def test_a_remote_is_asked_less_and_less_while_nothing_moves() -> None:
    pauses = [2.0]
    while len(pauses) < 9:
        pauses.append(next_pause(pauses[-1], 2, moved=False))
    assert pauses == [2, 3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 30, 30]
    assert next_pause(30, 2, moved=True) == 2
    assert next_pause(60, 60, moved=False) == 60
