"""Levels, waves, critical path, schedules and landing order. Pure: no I/O, no git."""
