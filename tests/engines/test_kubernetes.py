"""Kubernetes as an engine: what every engine does, with the real kubectl against a double of a cluster."""

import json
import os
import re
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gitcoord.engines.engine import Engine, Launch
from gitcoord.engines.host import HostRequest, decoded
from gitcoord.engines.kubernetes import KubernetesEngine
from gitcoord.engines.kubernetes_manifest import PodShape, attempt_manifest
from gitcoord.errors import GitcoordError
from tests.engines.contract import EngineContract, ended, lasting, shell
from tests.support.cli import start_gitcoord
from tests.support.engines import asked_for
from tests.support.kubernetes import Cluster, needs_kubectl
from tests.support.project import Project
from tests.support.tasklists import task
from tests.support.waiting import until

pytestmark = needs_kubectl
SHAPE = PodShape(image="worker:1")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("kubernetes") / "cluster")
    yield made
    made.close()


@asked_for("kubernetes")
class TestKubernetesEngine(EngineContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def make(self, state: Path) -> Engine:
        return KubernetesEngine(state, SHAPE, kubectl=self.cluster.command, pause=0.05)


@asked_for("kubernetes")
def test_a_cluster_that_does_not_answer_ends_no_attempt_and_refuses_new_ones(
    cluster: Cluster, tmp_path: Path
) -> None:
    engine = KubernetesEngine(tmp_path / "state", SHAPE, kubectl=cluster.command, slots=2, pause=0.05)
    engine.start(shell("a-1", "while [ ! -e go ]; do sleep 0.02; done; echo done; exit 4", tmp_path))
    assert engine.free() == 1
    cluster.away = True
    try:
        assert engine.poll(["a-1"])["a-1"].state == "unreachable"
        assert not engine.cancel("a-1")
        with pytest.raises(GitcoordError, match="Kubernetes cannot start the attempt b-1") as refused:
            engine.start(shell("b-1", "true", tmp_path))
        assert refused.value.passing == "perhaps"
        trouble = engine.check()
        assert trouble is not None
        assert trouble.message.startswith("The cluster does not answer: ")
    finally:
        cluster.away = False
    (tmp_path / "go").touch()
    assert ended(engine, "a-1").code == 4
    log = engine.log("a-1")
    assert log is not None
    assert Path(log).read_text() == "done\n"
    assert (engine.free(), engine.poll(["b-1"])["b-1"].state) == (2, "absent")
    cluster.forbidden = {"delete jobs"}
    trouble = engine.check()
    cluster.forbidden = set()
    assert trouble is not None
    assert trouble.message == "You may not delete jobs in the namespace default of the cluster."


def test_a_job_whose_container_never_begins_is_ended_and_says_why(cluster: Cluster, tmp_path: Path) -> None:
    shape = PodShape(image="worker:missing")
    engine = KubernetesEngine(tmp_path / "state", shape, kubectl=cluster.command, starting=0.3, pause=0.05)
    engine.start(shell("a-1", "true", tmp_path))
    assert ended(engine, "a-1").code is None
    log = engine.log("a-1")
    assert log is not None
    assert "its container never started: ImagePullBackOff" in Path(log).read_text()
    until(lambda: not any(str(tmp_path) in json.dumps(one) for one in list(cluster.things.values())))


def test_a_template_keeps_its_own_fields_and_no_secret_is_in_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "hush-hush")
    launch = Launch(key="Ä 3.1-2", argv=("gitcoord", "worker", "$(KEY) $$"), directory="/", secrets=("KEY",))
    node: dict[str, Any] = {"nodeSelector": {"gpu": "1"}, "containers": [{"image": "own:1", "args": ["x"]}]}
    template: dict[str, Any] = {"metadata": {"labels": {"team": "a"}}, "spec": {"template": {"spec": node}}}
    shape = PodShape(template=template, cpu="500m", memory="1Gi", service_account="agents")
    job = attempt_manifest(shape, launch, HostRequest(repository="https://example.org/a.git"))
    assert "hush-hush" not in json.dumps(job)
    assert template["spec"]["template"]["spec"] == {**node, "containers": [{"image": "own:1", "args": ["x"]}]}
    spec = job["spec"]["template"]["spec"]
    assert (spec["nodeSelector"], spec["serviceAccountName"]) == ({"gpu": "1"}, "agents")
    (container,) = spec["containers"]
    assert (container["image"], container["name"], "args" in container) == ("own:1", "worker", False)
    assert container["resources"]["limits"] == {"memory": "1Gi"}
    sent = decoded(container["env"][0]["value"])
    assert sent.start == launch
    assert "$" not in container["env"][0]["value"]
    assert re.fullmatch(r"[a-z0-9-]{1,63}", job["metadata"]["name"])
    assert job["metadata"]["labels"]["team"] == "a"
    assert (job["spec"]["backoffLimit"], spec["restartPolicy"]) == (0, "Never")


def test_doctor_tries_an_engine_and_engines_lists_what_each_needs(cluster: Cluster, tmp_path: Path) -> None:
    command = f'[engines.kubernetes]\ncommand = "{shlex.join(cluster.command)}"\n'
    settings = f'[run]\nengine = "kubernetes"\n{command}'
    project = Project.create(tmp_path, [task(1)], files={"gitcoord.toml": settings})
    rows = {row["name"]: row for row in project.run("engines", "--json", ok=0).json["engines"]}
    assert rows["kubernetes"]["chosen"]
    assert rows["kubernetes"]["missing"] == ["`image` in [engines.kubernetes]"]
    assert (rows["local"]["chosen"], rows["local"]["missing"]) == (False, [])
    listed = project.run("engines", ok=0).out
    assert "* kubernetes  a cluster, one Job for each attempt: needs `image`" in listed
    assert "engine kubernetes: The engine kubernetes has no image." in project.run("doctor", ok=1).out
    (project.desk.path / "gitcoord.toml").write_text(f'{settings}image = "w:1"\nslots = 2\n')
    told = project.run("doctor", ok=0).out
    assert "ok       engine kubernetes: It answers, accepts attempts, and has 2 slots." in told
    assert "engine local" in project.run("doctor", "--engine", "local", ok=0).out
    cluster.forbidden = {"list pods"}
    refused = project.run("doctor", "--engine", "kubernetes", ok=1).out
    cluster.forbidden = set()
    assert "FAILED   engine kubernetes: You may not list pods in the namespace default" in refused


def has_begun(project: Project) -> bool:
    return project.run("logs", "1").out.endswith("[gitcoord] the agent begins\n")


@asked_for("kubernetes")
def test_a_run_on_a_cluster_ends_as_on_this_machine_although_a_pod_is_taken_away(
    cluster: Cluster, tmp_path: Path
) -> None:
    parts = [task(1), task(2, depends_on=[1])]
    tasks = [task(1), task(2, subtasks=parts), task(3, depends_on=[1, 2])]
    wait = f"mkdir -p {tmp_path}/begun; touch {tmp_path}/begun/$name; test -e {tmp_path}/go || sleep 1000"
    write = 'name=$GITCOORD_TASK_ID-$GITCOORD_SUBTASK; echo "$name" > "work-$name"'
    ends = []
    for engine in ("local", "kubernetes"):
        command = shlex.join(cluster.command)
        settings = f'[run]\nlease = "4s"\n[engines.kubernetes]\nimage = "w:1"\ncommand = "{command}"\n'
        project = Project.create(tmp_path / engine, tasks, files={"gitcoord.toml": settings})
        agent = write if engine == "local" else f"{write}; [ $name != 1- ] || {{ {wait}; }}"
        words = ("run", "--engine", engine, "--shell", "--agent", agent, "--land", "--yes")
        running = start_gitcoord(*words, cwd=project.desk.path)
        if engine == "kubernetes":
            until((tmp_path / "begun/1-").exists)
            # What a Pod prints reaches its log a moment later.
            until(partial(has_begun, project))
            so_far = project.run("logs", "1", ok=0).out
            following = start_gitcoord("logs", "1", "-f", cwd=project.desk.path)
            (tmp_path / "go").touch()
            pod = next(key[1] for key in cluster.things if key[0] == "pods" and "gitcoord-1-1-" in key[1])
            cluster.end_pod(pod)
        _, err = running.communicate(timeout=240)
        assert running.returncode == 0, err
        if engine == "kubernetes":
            told, err = following.communicate(timeout=60)
            assert (following.returncode, os.fsdecode(told)[: len(so_far)]) == (0, so_far), err
        ends.append(lasting(project))
    assert ends[0] == ends[1]
    assert not [name for name in cluster.processes if cluster.processes[name].poll() is None]
