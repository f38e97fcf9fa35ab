"""Changed paths, overlaps, verdicts, and waves. Knows nothing about pull requests."""
