"""The run: observe, decide, start, land, wait."""
