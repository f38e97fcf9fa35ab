"""Plans and task lists on the command line: makes, saves, exports plans; reads and updates the list."""
