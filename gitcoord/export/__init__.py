"""Exports a plan as a workflow of another engine. Pure: no I/O, no git."""
