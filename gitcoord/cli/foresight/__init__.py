"""Predictions on the command line: opens foresight, learns from earlier tasks, calibrates."""
