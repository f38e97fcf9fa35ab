"""Engines execute attempts: the port, this machine, and processes. Knows no plan and no git."""
