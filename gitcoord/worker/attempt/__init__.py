"""One attempt: claim, checkout, agent, check, commit, submit."""
