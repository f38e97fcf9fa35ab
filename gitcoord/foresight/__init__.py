"""Foresight: which files tasks will change, and which pairs of them conflict, learned from history."""
