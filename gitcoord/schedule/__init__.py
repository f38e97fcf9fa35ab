"""Decides which unit starts next, and predicts a run. Pure."""
