"""Faults planted one by one into a copy of gitcoord, each of which the soak has to notice."""
