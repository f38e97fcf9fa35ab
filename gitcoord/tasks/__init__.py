"""The Task model and the readers of task lists."""
