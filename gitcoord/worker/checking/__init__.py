"""Checks on this machine, each in a process and a checkout of its own."""
