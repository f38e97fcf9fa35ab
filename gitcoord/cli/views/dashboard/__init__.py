"""The live dashboard of a run."""
