"""Events of pull requests: opened, made ready, handed over, rejected."""

from gitcoord.event import Event


class PullOpened(Event, frozen=True, kw_only=True, tag="pull-opened"):
    """A pull request was opened, or adopted, for the task."""

    pull: int
    branch: str
    adopted: bool = False

    def sentence(self) -> str:
        return f"pull request {self.pull} opened for task {self.task} from {self.branch}"


class PullRejected(Event, frozen=True, kw_only=True, tag="pull-rejected"):
    """A person closed the pull request of `branch` with `head`, or changed its base: it must not land."""

    pull: int
    branch: str
    head: str
    reason: str

    def sentence(self) -> str:
        return f"task {self.task} held: {self.reason}"


class PullRetargeted(Event, frozen=True, kw_only=True, tag="pull-retargeted"):
    """The base of the task's pull request was a branch that has landed; it was changed to the base branch."""

    pull: int
    before: str
    base: str

    def sentence(self) -> str:
        return f"pull request {self.pull} of task {self.task} moved from {self.before} to {self.base}"


class PullReady(Event, frozen=True, kw_only=True, tag="pull-ready"):
    """The task's pull request is no longer a draft: it is the task's turn to land."""

    pull: int

    def sentence(self) -> str:
        return f"pull request {self.pull} of task {self.task} is ready for review"


class TaskHandedOver(Event, frozen=True, kw_only=True, tag="handed-over"):
    """The forge was asked to merge the task's pull request automatically."""

    pull: int
    head: str
    way: str

    def sentence(self) -> str:
        return f"task {self.task} handed over to the forge's {self.way} with pull request {self.pull}"
