"""Reverts what a level landed, as one verified commit on the base."""
