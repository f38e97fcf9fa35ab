"""Removes worktrees and branches of any tool whose work is provably in the base."""
