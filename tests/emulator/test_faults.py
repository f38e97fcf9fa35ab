"""Faults: what a client sees, and whether the request took effect."""

import socket
import subprocess
import sys
import threading

import pytest
import requests

from tests.emulator.api import Api
from tests.support.github import WRITES, EmulatedRepository, GitHubEmulator, kill_process
from tests.support.repos import Repo


@pytest.fixture
def number(api: Api, content: Repo) -> int:
    content.commit({"new.txt": "new"}, branch="work")
    opened = api.open_pull("work")
    api.ready(opened)
    return opened


@pytest.mark.parametrize("kind", ["reset", "eof"])
def test_a_connection_that_breaks_before_leaves_everything_as_it_was(
    hub: GitHubEmulator, api: Api, app: EmulatedRepository, number: int, kind: str
) -> None:
    hub.fault(r"^PUT .*/merge$", kind)
    with pytest.raises(requests.ConnectionError, match="reset by peer" if kind == "reset" else "closed"):
        api.merge(number)
    assert app.merges[number] == 0
    assert api.merge(number)[0] == 200


@pytest.mark.parametrize("kind", ["reset", "eof"])
def test_a_connection_that_breaks_after_has_merged(
    hub: GitHubEmulator, api: Api, app: EmulatedRepository, number: int, kind: str
) -> None:
    hub.fault(r"^PUT .*/merge$", kind, when="after")
    with pytest.raises(requests.ConnectionError):
        api.merge(number)
    assert app.merges[number] == 1
    assert api.call("GET", f"/pulls/{number}")[1]["merged"] is True
    assert [entry.status for entry in hub.requests(r"^PUT .*/merge$")] == [None]


@pytest.mark.parametrize(("when", "merged"), [("before", False), ("after", True)])
def test_a_bad_gateway_says_nothing_about_what_happened(
    hub: GitHubEmulator, api: Api, number: int, when: str, merged: bool
) -> None:
    hub.fault(r"^PUT .*/merge$", "status", when=when, status=502, body=b"<html>Unicorn!</html>")
    answer = requests.put(
        f"{api.repository.api_url}/pulls/{number}/merge", headers=dict(api.session.headers), timeout=30
    )
    assert (answer.status_code, answer.text) == (502, "<html>Unicorn!</html>")
    assert api.call("GET", f"/pulls/{number}")[1]["merged"] is merged


def test_a_merge_that_breaks_off_moves_the_base_and_leaves_the_pull_request_open(
    hub: GitHubEmulator, api: Api, app: EmulatedRepository, content: Repo, number: int
) -> None:
    before = content.tip("main")
    hub.fault(r"^PUT .*/merge$", "partial-merge", status=500)
    assert api.merge(number, "squash") == (500, "Server Error")
    assert content.tip("main") != before
    assert api.ready(number)["state"] == "open"
    assert app.merges[number] == 1


def test_a_second_merge_that_has_an_effect_fails_the_test(hub: GitHubEmulator, api: Api, number: int) -> None:
    hub.fault(r"^PUT .*/merge$", "partial-merge")
    api.merge(number, "squash")
    api.ready(number)
    assert api.merge(number, "squash")[0] == 200
    with pytest.raises(AssertionError, match="acme/app#1 was merged 2 times"):
        hub.assert_clean()
    api.repository.merges.clear()


@pytest.mark.parametrize("method", ["merge", "rebase"])
def test_a_merge_that_broke_off_is_not_made_again_onto_a_base_that_has_all_of_it(
    method: str, hub: GitHubEmulator, api: Api, app: EmulatedRepository, content: Repo, number: int
) -> None:
    hub.fault(r"^PUT .*/merge$", "partial-merge", status=500, times=2)
    assert api.merge(number, method)[0] == 500
    moved = content.tip("main")
    assert api.merge(number, method)[0] == 500
    assert api.ready(number)["state"] == "open"
    assert api.merge(number, method) == (405, "Pull Request is not mergeable")
    assert (content.tip("main"), app.merges[number]) == (moved, 1)


def test_only_the_chosen_request_is_hit(hub: GitHubEmulator, api: Api, number: int) -> None:
    fault = hub.fault(rf"^GET .*/pulls/{number}$", "status", nth=2, times=2, status=503)
    statuses = [api.call("GET", f"/pulls/{number}")[0] for _ in range(5)]
    assert statuses == [200, 503, 503, 200, 200]
    assert fault.fired == 2


def test_a_request_waits_at_a_gate_until_the_test_opens_it(
    hub: GitHubEmulator, api: Api, app: EmulatedRepository, number: int
) -> None:
    fault = hub.fault(r"^PUT .*/merge$", "gate", when="after")
    merging = threading.Thread(target=api.merge, args=(number,))
    merging.start()
    fault.gate.wait_until_reached()
    assert (app.merges[number], merging.is_alive()) == (1, True)
    fault.gate.open()
    merging.join(30)
    assert not merging.is_alive()


@pytest.mark.parametrize(("when", "merges"), [("before", 0), ("after", 1)])
def test_a_client_is_killed_at_its_write(
    hub: GitHubEmulator, app: EmulatedRepository, number: int, when: str, merges: int
) -> None:
    program = (
        "import sys, requests; url, token = sys.argv[1:]\n"
        "requests.put(url, headers={'Authorization': f'Bearer {token}'}, timeout=30); print('alive')"
    )
    client = subprocess.Popen(
        [sys.executable, "-c", program, f"{app.api_url}/pulls/{number}/merge", app.token],
        stdout=subprocess.PIPE,
    )
    hub.fault(WRITES, "kill", when=when, kill=lambda: kill_process(client.pid))
    output, _ = client.communicate(timeout=60)
    assert (client.returncode, output) == (-9, b"")
    assert app.merges[number] == merges


def test_what_a_dying_client_did_not_send_to_the_end_is_not_done(
    hub: GitHubEmulator, app: EmulatedRepository, number: int
) -> None:
    port = int(hub.url.rpartition(":")[2])
    head = f"PUT /repos/acme/app/pulls/{number}/merge HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Authorization: Bearer {app.token}\r\nContent-Length: 100\r\n\r\n"
    before = len(hub.log)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(head.encode() + b"{")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    assert (len(hub.log), app.merges[number]) == (before, 0)


@pytest.mark.parametrize(("when", "arrived"), [("before", False), ("after", True)])
def test_a_push_can_be_lost_before_and_after_it_arrived(
    hub: GitHubEmulator, app: EmulatedRepository, content: Repo, when: str, arrived: bool
) -> None:
    # Twice: git's HTTP library sends a request again when a connection that it used before breaks.
    hub.fault(WRITES, "reset", when=when, times=2)
    content.git("push", "--quiet", app.authenticated_url, "main:refs/heads/copy", ok=(1, 128))
    assert (content.find("refs/heads/copy") is not None) is arrived


@pytest.mark.parametrize("again", [False, True])
def test_a_merge_takes_effect_after_its_connection_broke(
    hub: GitHubEmulator, api: Api, app: EmulatedRepository, number: int, again: bool
) -> None:
    hub.fault(r"^PUT .*/merge$", "late", reads=1, partial=True)
    with pytest.raises(requests.ConnectionError):
        api.merge(number, "squash")
    assert app.merges[number] == 0
    if again:
        assert api.merge(number, "squash")[0] == 405
        api.ready(number)
        assert api.merge(number, "squash")[0] == 200
    else:
        assert api.call("GET", f"/pulls/{number}")[1]["state"] == "open"
        assert app.merges[number] == 0
        api.call("GET", f"/pulls/{number}")
    assert app.merges[number] == 1 + again
    app.merges.clear()


@pytest.mark.parametrize("kind", ["wrong-tree", "wrong-tree-lost"])
def test_a_host_merges_something_else(
    hub: GitHubEmulator, api: Api, app: EmulatedRepository, content: Repo, number: int, kind: str
) -> None:
    hub.fault(r"^PUT .*/merge$", kind)
    if kind == "wrong-tree":
        assert api.merge(number)[0] == 200
    else:
        with pytest.raises(requests.ConnectionError):
            api.merge(number)
    assert {"new.txt", "mistake-of-the-host.txt"} <= set(content.files("main"))
    assert app.spoiled == [(number, content.tip("main"))]
