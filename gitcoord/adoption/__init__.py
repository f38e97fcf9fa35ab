"""Adopts existing heads: pull requests, branches and worktrees become tasks of a plan."""
