"""The dashboard: a picture of the work, live on a terminal, as lines elsewhere."""
