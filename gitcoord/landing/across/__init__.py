"""Lands a level across several repositories: proves it in all, then lands in one after the other."""
