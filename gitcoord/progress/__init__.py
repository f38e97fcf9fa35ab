"""The state of a run and its metrics, for display. Pure."""
