"""The repository. Proofs read objects through pygit2; everything else goes through the git program."""
