"""Reverts the landings of one or more levels, as one verified commit on the base."""
