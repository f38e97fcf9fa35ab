"""Landing a level: observe, decide, act."""
