"""Plan and journal, kept in git itself."""
