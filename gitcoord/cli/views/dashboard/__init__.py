"""The live picture of a run."""
