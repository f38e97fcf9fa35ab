"""Sets statuses in task lists: in the file, whose other bytes stay, or by the command of the list's tool."""
