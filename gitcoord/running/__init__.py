"""Executing tasks: the right branch for a worker, and handing its work in."""
