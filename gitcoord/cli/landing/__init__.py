"""Landing on the command line: options, checks, adopted heads, several repositories."""
