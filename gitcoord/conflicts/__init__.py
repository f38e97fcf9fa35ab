"""Changed paths, overlaps, verdicts and the waves that follow. Knows nothing of pull requests."""
