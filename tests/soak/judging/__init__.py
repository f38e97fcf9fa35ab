"""Saying what was not as it has to be, and writing down what led to it."""
