"""Plans over several repositories: opens the repositories, and finds those in which a command acts."""
