"""Evidence: which work is in the base, which was rolled back, and which branches may be deleted."""
