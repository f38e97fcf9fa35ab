"""Checks before landing: which combinations to check, what the results mean, and where they are stored."""
