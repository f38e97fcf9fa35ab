"""The run: observe, decide what starts, act, land beside it, wait idly; and look again."""
