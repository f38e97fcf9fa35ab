"""Statuses set where a task list lives: in its file, other bytes as they were, or by its owner's command."""
