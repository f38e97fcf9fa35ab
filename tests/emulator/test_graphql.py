"""GraphQL: reading, auto-merge, the merge queue, drafts; a wrong field fails as on GitHub."""

from typing import Any

import pytest

from tests.emulator.api import Api
from tests.support.github import EmulatedRepository, GitHubEmulator, Protection
from tests.support.repos import Repo

READ = """query($number: Int!) { repository(owner: "acme", name: "app") { pullRequest(number: $number) {
  id isDraft mergeStateStatus reviewDecision isInMergeQueue isMergeQueueEnabled
  autoMergeRequest { mergeMethod }
  mergeQueueEntry { position state }
  commits(last: 1) { nodes { commit { statusCheckRollup { state contexts(first: 100) { totalCount nodes {
    ... on StatusContext { context state isRequired(pullRequestNumber: $number) }
    ... on CheckRun { name conclusion isRequired(pullRequestNumber: $number) } } } } } } } } } }"""


class Graph:
    """Documents about one pull request."""

    def __init__(self, api: Api, number: int) -> None:
        self.api = api
        self.number = number

    def ask(self, query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        status, answer = self.api.call("POST", f"{self.api.repository.server}/graphql", body)
        assert status == 200
        return answer

    def read(self) -> Any:
        return self.ask(READ, number=self.number)["data"]["repository"]["pullRequest"]

    def change(self, name: str, fields: str, **input: Any) -> Any:
        kind = name[0].upper() + name[1:] + "Input!"
        document = f"mutation($input: {kind}) {{ {name}(input: $input) {{ {fields} }} }}"
        given = {"pullRequestId": self.read()["id"], **input}
        return self.ask(document, input={key: value for key, value in given.items() if value is not None})


@pytest.fixture
def graph(api: Api, content: Repo) -> Graph:
    content.commit({"new.txt": "new"}, branch="work")
    number = api.open_pull("work")
    api.ready(number)
    return Graph(api, number)


def test_a_pull_request_is_read_with_its_checks(graph: Graph, app: EmulatedRepository, content: Repo) -> None:
    app.protect("main", Protection.requiring("ci", approvals=1))
    app.set_status(content.tip("work"), "ci", "success")
    app.set_check(content.tip("work"), "lint", None)
    found = graph.read()
    assert (found["mergeStateStatus"], found["reviewDecision"]) == ("BLOCKED", "REVIEW_REQUIRED")
    rollup = found["commits"]["nodes"][0]["commit"]["statusCheckRollup"]
    assert rollup["state"] == "PENDING"
    assert rollup["contexts"]["nodes"] == [
        {"context": "ci", "state": "SUCCESS", "isRequired": True},
        {"name": "lint", "conclusion": None, "isRequired": False},
    ]
    app.review(graph.number, by="hubot")
    assert graph.read()["reviewDecision"] == "APPROVED"


def test_a_field_that_github_does_not_have_is_an_error(graph: Graph) -> None:
    answer = graph.ask('{ repository(owner: "acme", name: "app") { surprise } }')
    assert "Cannot query field 'surprise'" in answer["errors"][0]["message"]
    answer = graph.ask('{ repository(owner: "acme", name: "gone") { autoMergeAllowed } }')
    assert answer["errors"][0]["type"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("allowed", "protected", "sentence"),
    [
        (False, True, "Pull request Auto merge is not allowed for this repository"),
        (True, False, "Pull request Protected branch rules not configured for this branch"),
        (True, True, "Pull request Pull request is in clean status"),
    ],
)
def test_auto_merge_is_refused(
    graph: Graph, app: EmulatedRepository, allowed: bool, protected: bool, sentence: str
) -> None:
    app.settings.allow_auto_merge = allowed
    if protected:
        app.protect("main", Protection())
    answer = graph.change("enablePullRequestAutoMerge", "pullRequest { id }")
    assert answer["data"] == {"enablePullRequestAutoMerge": None}
    assert (answer["errors"][0]["type"], answer["errors"][0]["message"]) == ("UNPROCESSABLE", sentence)


def test_auto_merge_merges_when_nothing_is_in_the_way_any_more(
    graph: Graph, app: EmulatedRepository, content: Repo
) -> None:
    app.settings.allow_auto_merge = True
    app.protect("main", Protection.requiring("ci"))
    answer = graph.change("enablePullRequestAutoMerge", "pullRequest { id }", mergeMethod="SQUASH")
    assert "errors" not in answer
    assert graph.read()["autoMergeRequest"] == {"mergeMethod": "SQUASH"}
    app.set_status(content.tip("work"), "ci", "success")
    assert graph.api.call("GET", f"/pulls/{graph.number}")[1]["merged"] is True
    assert content.git("rev-list", "--count", "--merges", "main") == "0"


def test_the_merge_queue_takes_a_pull_request_and_lands_it_later(
    graph: Graph, app: EmulatedRepository
) -> None:
    app.protect("main", Protection(merge_queue=True, form="ruleset"))
    app.background_reads = 2
    assert "merge queue" in graph.api.merge(graph.number)[1]
    entry = graph.change("enqueuePullRequest", "mergeQueueEntry { position state }")
    assert entry["data"]["enqueuePullRequest"]["mergeQueueEntry"] == {"position": 1, "state": "QUEUED"}
    again = graph.change("enqueuePullRequest", "mergeQueueEntry { id }")
    assert again["errors"][0]["message"] == "Pull request is already in the queue"
    assert graph.api.ready(graph.number)["merged"] is True


def test_what_fails_in_the_queue_is_taken_out(graph: Graph, app: EmulatedRepository, content: Repo) -> None:
    app.protect("main", Protection.requiring("ci", merge_queue=True))
    early = graph.change("enqueuePullRequest", "mergeQueueEntry { id }")
    assert early["errors"][0]["message"] == "Pull request is not in the correct state to be queued"
    app.protect("main", Protection(merge_queue=True))
    graph.change("enqueuePullRequest", "mergeQueueEntry { id }")
    app.protect("main", Protection.requiring("ci", merge_queue=True))
    graph.read()
    assert (graph.read()["isInMergeQueue"], graph.read()["isMergeQueueEnabled"]) == (False, True)


def test_what_fails_only_together_with_others_is_taken_out_for_that(
    graph: Graph, app: EmulatedRepository
) -> None:
    app.protect("main", Protection(merge_queue=True))
    app.queue_refusals = ["its checks failed"]
    graph.change("enqueuePullRequest", "mergeQueueEntry { id }")
    while app.pulls[graph.number].queued:
        graph.read()
    assert app.pulls[graph.number].thrown_out == (app.pulls[graph.number].head_sha, "its checks failed")
    graph.change("enqueuePullRequest", "mergeQueueEntry { id }")
    while app.pulls[graph.number].queued:
        graph.read()
    assert app.pulls[graph.number].merged


@pytest.mark.parametrize("by_entry", [False, True])
def test_the_queue_is_left_by_either_id(graph: Graph, app: EmulatedRepository, by_entry: bool) -> None:
    app.protect("main", Protection(merge_queue=True))
    app.background_reads = 99
    app.habits.dequeued_by = "entry" if by_entry else "pull request"
    entry = graph.change("enqueuePullRequest", "mergeQueueEntry { id }")
    id = entry["data"]["enqueuePullRequest"]["mergeQueueEntry"]["id"] if by_entry else graph.read()["id"]
    answer = graph.change("dequeuePullRequest", "mergeQueueEntry { id }", id=id, pullRequestId=None)
    assert "errors" not in answer
    assert graph.read()["isInMergeQueue"] is False


def test_drafts_updates_and_merges(graph: Graph, content: Repo) -> None:
    graph.change("convertPullRequestToDraft", "pullRequest { id }")
    assert graph.read()["isDraft"] is True
    graph.change("markPullRequestReadyForReview", "pullRequest { id }")
    content.commit({"other.txt": "other"}, branch="main")
    graph.change("updatePullRequestBranch", "pullRequest { id }", updateMethod="REBASE")
    for _ in range(2):
        graph.read()
    assert content.git("rev-list", "--count", "main..work") == "1"
    assert content.git("merge-base", "main", "work") == content.tip("main")
    graph.api.ready(graph.number)
    answer = graph.change("mergePullRequest", "pullRequest { merged mergeCommit { oid } }")
    assert answer["data"]["mergePullRequest"]["pullRequest"] == {
        "merged": True,
        "mergeCommit": {"oid": content.tip("main")},
    }


def test_a_token_that_may_not_change_pull_requests_is_forbidden(graph: Graph, hub: GitHubEmulator) -> None:
    token = hub.make_token("fine-grained", contents="read", pull_requests="read")
    graph.api.session.headers["Authorization"] = f"Bearer {token.text}"
    assert graph.change("convertPullRequestToDraft", "pullRequest { id }")["errors"][0]["type"] == "FORBIDDEN"
