"""One of many workers: `python -m tests.state.worker record CLONE TASK NAME` or `… plan CLONE TITLE`."""

import sys
from pathlib import Path

from gitcoord.errors import GitcoordError
from tests.state.world import plan_of, started, store_of
from tests.support.repos import Repo


def main(what: str, clone: str, *rest: str) -> None:
    store = store_of(Repo(Path(clone)))
    if what == "record":
        task, name = rest
        print(store.record(started(task, by=name)))
    else:
        try:
            print(store.save_plan(plan_of([[["1", "2"]]], title=rest[0])))
        except GitcoordError as error:
            print(error.code)


if __name__ == "__main__":
    main(*sys.argv[1:])
