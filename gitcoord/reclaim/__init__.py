"""Reclaiming worktrees and branches, whoever made them: only what the base provably has."""
