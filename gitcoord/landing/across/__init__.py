"""Landing a level across several repositories: proved in all, then landed in one after the other."""
