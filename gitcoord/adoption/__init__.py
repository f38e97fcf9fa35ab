"""Taking over heads that were there before: pull requests, branches and worktrees as tasks of a plan."""
