"""The repository: objects through pygit2, everything else through the git program."""
