"""Argo as an engine: what every engine does, with the real kubectl and doubles of cluster and controller."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitcoord.engines.argo_manifest import WorkflowShape
from gitcoord.engines.engine import Engine, Launch
from gitcoord.engines.host import HostRequest, decoded
from gitcoord.engines.kubernetes import KubernetesEngine
from tests.engines.contract import EngineContract, ended, lasting, shell
from tests.support.cli import start_gitcoord
from tests.support.engines import asked_for
from tests.support.kubernetes import Cluster, needs_kubectl
from tests.support.project import Project
from tests.support.ready_engines import documented_template
from tests.support.tasklists import task
from tests.support.waiting import until

SHAPE = WorkflowShape(template="attempt", parameters={"docs-branch": "main"})


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("argo") / "cluster")
    made.templates = {"attempt": documented_template()}
    yield made
    made.close()


@needs_kubectl
@asked_for("argo")
class TestArgoEngine(EngineContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def make(self, state: Path) -> Engine:
        return KubernetesEngine(state, SHAPE, kubectl=self.cluster.command, pause=0.05)


@needs_kubectl
@asked_for("argo")
def test_a_workflow_that_somebody_deletes_is_lost_and_a_failed_one_has_its_code(
    cluster: Cluster, tmp_path: Path
) -> None:
    engine = KubernetesEngine(tmp_path / "state", SHAPE, kubectl=cluster.command, slots=2, pause=0.05)
    assert engine.name == "argo"
    cluster.forbidden = {"create workflows"}
    trouble = engine.check()
    cluster.forbidden = set()
    assert trouble is not None
    assert trouble.message == "You may not create workflows in the namespace default of the cluster."
    engine.start(shell("a-1", "echo here; exit 65", tmp_path))
    assert ended(engine, "a-1").code == 65
    log = engine.log("a-1")
    assert log is not None
    assert Path(log).read_text() == "here\n"
    engine.start(shell("b-1", "sleep 1000", tmp_path))
    until(lambda: engine.poll(["b-1"])["b-1"].state == "running")
    name = next(name for kind, name in cluster.things if kind == "workflows" and "-b-1-" in name)
    cluster.delete("workflows", name)
    assert ended(engine, "b-1").code is None


@needs_kubectl
@asked_for("argo")
def test_a_run_on_argo_ends_as_on_this_machine_although_a_pod_is_taken_away(
    cluster: Cluster, tmp_path: Path
) -> None:
    tasks = [task(1), task(2, subtasks=[task(1), task(2, depends_on=[1])]), task(3, depends_on=[1, 2])]
    write = 'name=$GITCOORD_TASK_ID-$GITCOORD_SUBTASK; echo "$name" > "work-$name"'
    once = f"[ $name != 1- -o -e {tmp_path}/begun ] || {{ touch {tmp_path}/begun; sleep 1000; }}"
    ends = []
    for engine in ("local", "argo"):
        command = shlex.join(cluster.command)
        settings = f'[run]\nlease = "4s"\n[engines.argo]\ncommand = "{command}"\n'
        project = Project.create(tmp_path / engine, tasks, files={"gitcoord.toml": settings})
        agent = write if engine == "local" else f"{write}; {once}"
        where = () if engine == "local" else ("--template", "attempt", "--param", "docs-branch=main")
        words = ("run", "--engine", engine, *where, "--shell", "--agent", agent, "--land", "--yes")
        running = start_gitcoord(*words, cwd=project.desk.path)
        if engine == "argo":
            until((tmp_path / "begun").exists)
            pod = next(key[1] for key in cluster.things if key[0] == "pods" and "gitcoord-1-1-" in key[1])
            cluster.end_pod(pod)
        _, err = running.communicate(timeout=240)
        assert running.returncode == 0, err
        ends.append(lasting(project))
    assert ends[0] == ends[1]


def test_a_workflow_is_a_child_of_the_template_and_argo_expands_nothing_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEY", "hush-hush")
    launch = Launch(key="a-1", argv=("sh", "-c", "{{workflow.name}} $(KEY)"), directory="/", secrets=("KEY",))
    workflow = SHAPE.manifest(launch, HostRequest(repository="https://example.org/a.git"))
    assert workflow["spec"]["workflowTemplateRef"] == {"name": "attempt"}
    values = {one["name"]: one["value"] for one in workflow["spec"]["arguments"]["parameters"]}
    assert values["docs-branch"] == "main"
    assert values["secret"] == workflow["metadata"]["name"]
    assert decoded(values["request"]).start == launch
    text = json.dumps(workflow)
    assert not any(word in text for word in ("{{", "$(", "hush-hush"))
    assert workflow["spec"]["podMetadata"]["labels"] == workflow["metadata"]["labels"]
    declared = documented_template()["arguments"]
    assert declared == {"parameters": [{"name": "request"}, {"name": "secret"}]}
