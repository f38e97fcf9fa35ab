"""One worker's side: the right branch for a task, and the hand-in."""
