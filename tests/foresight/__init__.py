"""Foresight, on a generated repository whose history has topics that people work on."""
