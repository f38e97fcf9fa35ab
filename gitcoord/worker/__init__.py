"""The worker's side: checks out the right branch for a task, and submits the work."""
