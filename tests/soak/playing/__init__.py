"""Playing a scenario: the emulated host, the world around it, and real clients."""
