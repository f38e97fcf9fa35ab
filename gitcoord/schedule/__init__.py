"""The unit that starts next, and the prediction of a run. Pure."""
