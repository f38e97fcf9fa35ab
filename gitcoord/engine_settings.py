"""The settings of engines beyond this machine: the tables below `[engines]`."""

from typing import Literal

import msgspec

EngineName = Literal["local", "ssh", "kubernetes", "slurm", "dask", "argo"]
"""Where attempts run."""


class SshSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines.ssh]` table: machines that run attempts.

    `hosts` are host names for `ssh`, each with its number of parallel attempts (`build1:3`). `command` is the
    user's `ssh` with its options, `program` the name of `gitcoord` on the hosts.
    """

    hosts: tuple[str, ...] = ()
    command: str = "ssh"
    program: str = "gitcoord"


class KubernetesSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """The `[engines.kubernetes]` table: a cluster that runs each attempt as a Job.

    `image` has git, gitcoord and the agent. `template` is a file with your own Job, relative to the
    repository's top, that gitcoord fills in. `secret` names a Secret of the cluster with the variables of
    `pass-environment`; without it gitcoord creates one for each Job. `cpu` and `memory` are Kubernetes
    quantities (`500m`, `4Gi`), `slots` is the number of Jobs that run at once (0: as many as `max-parallel`).
    A Job whose container has not started after `start-timeout` is deleted; `keep` is the time for which ended
    Jobs stay. `command` is the user's `kubectl` with its options.
    """

    image: str = ""
    template: str = ""
    namespace: str = ""
    secret: str = ""
    service_account: str = ""
    cpu: str = ""
    memory: str = ""
    slots: int = 0
    start_timeout: str = "30m"
    keep: str = "1h"
    command: str = "kubectl"


class ArgoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines.argo]` table: a cluster with Argo that runs each attempt as a Workflow.

    `template` is the name of a WorkflowTemplate of yours, `parameters` are passed to it. `secret` names a
    Secret of the cluster with the variables of `pass-environment`; without it gitcoord creates one for each
    Workflow. `slots` is the number of Workflows that run at once (0: as many as `max-parallel`). A Workflow
    whose container has not started after `start-timeout` is deleted; `keep` is the time for which ended
    Workflows stay. `command` is the user's `kubectl` with its options.
    """

    template: str = ""
    parameters: dict[str, str] = {}
    namespace: str = ""
    secret: str = ""
    slots: int = 0
    start_timeout: str = "30m"
    keep: str = "1h"
    command: str = "kubectl"


class SlurmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines.slurm]` table: a batch system that runs each attempt as a job.

    `options` are passed to `sbatch` unchanged (`--partition=agents`, `--mem=8G`). `program` is the name of
    `gitcoord` on the compute nodes, `slots` is the number of jobs that run at once (0: as many as
    `max-parallel`).
    """

    options: tuple[str, ...] = ()
    program: str = "gitcoord"
    slots: int = 0


class DaskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines.dask]` table: a Dask cluster that runs each attempt as a task.

    `scheduler` is the scheduler's address (`tls://10.0.0.5:8786`). An attempt takes one unit of the workers'
    `resource` (`dask worker --resources agent=2`). With `unprotected` the scheduler of another machine may be
    reached without TLS.
    """

    scheduler: str = ""
    resource: str = "agent"
    unprotected: bool = False


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The `[engines]` table: one table for each engine beyond this machine."""

    ssh: SshSettings = SshSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    argo: ArgoSettings = ArgoSettings()
    slurm: SlurmSettings = SlurmSettings()
    dask: DaskSettings = DaskSettings()
