"""What becomes of a checkout when its attempt has ended."""

from gitcoord.running.worker.checkout import clear_done, remove
from gitcoord.running.worker.seat import AttemptResult, Seat


def clear_away(seat: Seat, result: AttemptResult) -> None:
    """Takes the checkout away where it is of no more use; the branch stays until the parent has it."""
    repository, unit = seat.desk.repository, seat.unit
    wish = seat.settings.run.keep_checkout
    kept = wish == "always" or (wish == "failed" and result.outcome != "ok")
    if result.outcome == "lost" or result.keep or kept:
        return
    if result.outcome == "ok":
        clear_done(repository, seat.desk.shared, unit, seat.directory, result.head)
    else:
        remove(repository, seat.directory)
