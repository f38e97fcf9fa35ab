"""Predicts which files tasks will change and which pairs of tasks conflict, from the history."""
