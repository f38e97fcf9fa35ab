"""Preparing a repository and a machine: first settings, hooks, rules for agents, checks of doctor."""
