"""Events of pull requests: opened, made ready, handed over, rejected."""

from gitcoord.event import Event


class PullOpened(Event, frozen=True, kw_only=True, tag="pull-opened"):
    """A pull request carries the task now."""

    pull: int
    branch: str
    adopted: bool = False

    def sentence(self) -> str:
        return f"pull request {self.pull} opened for task {self.task} from {self.branch}"


class PullRejected(Event, frozen=True, kw_only=True, tag="pull-rejected"):
    """A person closed or moved the pull request from `branch` that held `head`: it is not to land."""

    pull: int
    branch: str
    head: str
    reason: str

    def sentence(self) -> str:
        return f"task {self.task} held: {self.reason}"


class PullRetargeted(Event, frozen=True, kw_only=True, tag="pull-retargeted"):
    """The pull request of the task went onto a branch that has landed, and goes onto the base now."""

    pull: int
    before: str
    base: str

    def sentence(self) -> str:
        return f"pull request {self.pull} of task {self.task} moved from {self.before} to {self.base}"


class PullReady(Event, frozen=True, kw_only=True, tag="pull-ready"):
    """The pull request that carries the task is a draft no more: it is its turn to land."""

    pull: int

    def sentence(self) -> str:
        return f"pull request {self.pull} of task {self.task} is ready for review"


class TaskHandedOver(Event, frozen=True, kw_only=True, tag="handed-over"):
    """The forge was told to merge the task's pull request by itself."""

    pull: int
    head: str
    way: str

    def sentence(self) -> str:
        return f"task {self.task} handed over to the forge's {self.way} with pull request {self.pull}"
