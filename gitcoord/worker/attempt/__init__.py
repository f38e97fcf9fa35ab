"""One attempt: claim, checkout, agent, check, commits, hand-in."""
