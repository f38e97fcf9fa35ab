"""The state of a run and its figures, made for display. Pure."""
