"""Checks of what is to land: which combinations, what their results mean, where those are kept."""
