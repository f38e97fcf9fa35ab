"""The conflict check on the command line: its inputs, its report, and its repetition on changes."""
